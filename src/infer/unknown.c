/* Attributes, fields, keys and names that do not exist: messages with what may have been meant, and with what there is. */
#include "infer/infer.h"
#include "types/record.h"

#include <string.h>

void gj_no_field(const gj_fn *f, uint32_t loc, const gj_type *record, const char *name)
{
	const gj_record *r = gj_record_of(record);
	gj_nearest like = gj_nearest_to(name);
	for (uint32_t i = 0; i < r->n; i++)
		gj_nearest_offer(&like, r->name[i]);
	gj_fail(f, loc, GJ_ERR_FIELD, name, gj_did_you_mean(&like), gj_listed(f->arena, r->name, r->n));
}

void gj_no_key(const gj_fn *f, uint32_t loc, const gj_type *dict, gj_known key)
{
	const char *name = key.konst && key.konst->kind == GJ_OBJ_STR ? key.konst->name : NULL;
	const gj_fields *keys = gj_names_of(dict);
	gj_nearest like = gj_nearest_to(name ? name : "");
	for (uint32_t i = 0; i < keys->n; i++)
		gj_nearest_offer(&like, keys->name[i]);
	gj_fail(f, loc, GJ_ERR_KEY, dict->name, name ? gj_printf(f->arena, "'%s'", name) : gj_known_text(f->arena, key), gj_did_you_mean(&like));
}

void gj_no_member(const gj_fn *f, uint32_t loc, const gj_obj *class, const char *name)
{
	gj_nearest like = gj_nearest_to(name);
	for (uint32_t i = 0; i < class->n; i++)
		gj_nearest_offer(&like, class->attr[i]);
	gj_fail(f, loc, GJ_ERR_MEMBER_KEY, name, class->name, gj_did_you_mean(&like));
}

void gj_no_keyword(const gj_fn *f, uint32_t loc, const gj_code *code, const char *name)
{
	const char *const *param = code->var + code->nposonly;
	uint32_t n = (uint32_t)(code->nargs + code->nkwonly - code->nposonly);
	gj_nearest like = gj_nearest_to(name);
	for (uint32_t i = 0; i < n; i++)
		gj_nearest_offer(&like, param[i]);
	gj_fail(f, loc, GJ_ERR_NO_KEYWORD, code->name, name, gj_did_you_mean(&like),
	        n ? gj_printf(f->arena, "its parameters are: %s", gj_listed(f->arena, param, n)) : "it has none");
}

/* -- Attributes ------------------------------------------------------------------------------------------------------- */

static bool is_range(const gj_type *t) { return t->kind == GJ_RANGE; }
static bool is_vector(const gj_type *t) { return t->kind == GJ_VECTOR; }
static bool has_elements(const gj_type *t) { return gj_has_elements(t); }

/* What values of a type have: rows of names.def below a space, and words. */
static const struct { bool (*is)(const gj_type *); const char *space, *words; } has[] = {
	{ has_elements, "array", "shape strides ndim size itemsize nbytes dtype flags flat T real imag ctypes" },
	{ gj_is_scalar, "number", "real imag" }, { gj_is_int, "int", "" }, { gj_is_dict, "dict", "" }, { gj_is_sequence, "tuple", "" },
	{ is_range, "", "start stop step" }, { is_vector, "", "x y z w" },
};

static GJ_NORETURN void no_object_attribute(const gj_fn *f, uint32_t loc, const gj_obj *object, const char *name)
{
	gj_nearest like = gj_nearest_to(name);
	gj_nearest_offer_list(&like, object->has ? object->has : "");
	gj_fail(f, loc, GJ_ERR_OBJECT_ATTRIBUTE, name, object->name, gj_did_you_mean(&like));
}

void gj_no_attribute(const gj_fn *f, uint32_t loc, gj_known a, const char *name)
{
	const gj_type *t = a.type, *record = gj_holds_record(t);
	const gj_fields *items = t->kind == GJ_TUPLE && !gj_is_dict(t) ? gj_names_of(t) : NULL;
	gj_nearest like = gj_nearest_to(name);
	if (a.konst && a.konst->kind == GJ_OBJ_OPAQUE)
		no_object_attribute(f, loc, a.konst, name);
	for (uint32_t i = 0; record && i < record->n; i++)
		gj_nearest_offer(&like, gj_record_of(record)->name[i]);
	if (*like.like)
		gj_no_field(f, loc, record, name);
	for (uint32_t i = 0; items && i < items->n; i++)
		gj_nearest_offer(&like, items->name[i]);
	for (size_t i = 0; i < GJ_LEN(has); i++)
		if (has[i].is(t)) {
			gj_nearest_offer_list(&like, has[i].words);
			gj_nearest_offer_below(&like, has[i].space);
		}
	if (gj_has_elements(t))
		gj_fail(f, loc, GJ_ERR_ARRAY_ATTRIBUTE, t->name, name, gj_did_you_mean(&like));
	const char *there = items ? gj_printf(f->arena, "its items are: %s", gj_listed(f->arena, items->name, items->n))
		: t == gj_t_str ? "texts are made only where they are printed or raised, by f-strings" : "";
	gj_fail(f, loc, GJ_ERR_ATTRIBUTE, gj_known_text(f->arena, a), name, gj_did_you_mean(&like), there);
}

static bool holds_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = words; n && (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

bool gj_has_words(gj_arena *arena, const gj_type *t, const char *name)
{
	/* what NumPy's arrays have, even if we know no use of it: the question is Python's */
	static const char of_arrays[] = "all any argmax argmin argpartition argsort astype base byteswap choose clip compress conj conjugate copy cumprod cumsum data "
		"diagonal dot dump dumps fill flatten getfield item mT max mean min nonzero partition prod ptp put ravel repeat reshape resize round searchsorted "
		"setfield setflags sort squeeze std sum swapaxes take tobytes tofile tolist trace transpose var view";
	if ((gj_has_elements(t) && holds_word(of_arrays, name)) || ((gj_has_elements(t) || gj_is_sequence(t)) && holds_word("__len__ __iter__ __getitem__", name)))
		return true;
	for (size_t i = 0; i < GJ_LEN(has); i++)
		if (has[i].is(t) && (holds_word(has[i].words, name) || gj_name_find(gj_printf(arena, "%s.%s", has[i].space, name))))
			return true;
	return false;
}

/* -- Names ------------------------------------------------------------------------------------------------------------ */

/* What is called so in `module`, as a hint; NULL: nothing. */
static const char *in_module(gj_arena *arena, const char *module, const char *name)
{
	const char *dotted = gj_printf(arena, "%s.%s", module, name);
	return gj_name_find(dotted) || gj_name_next(dotted, NULL) ? gj_printf(arena, "did you mean '%s'? ", dotted) : NULL;
}

void gj_no_global(const gj_fn *f, uint32_t loc, const gj_obj *missing)
{
	const char *name = missing->name ? missing->name : "?", *like = in_module(f->arena, "cuda", name);
	like = like ? like : in_module(f->arena, "math", name);
	like = like ? like : missing->instead && *missing->instead ? missing->instead : in_module(f->arena, "np", name);
	gj_fail(f, loc, GJ_ERR_NAME, name, like ? like : "");
}

/* -- Dotted names ----------------------------------------------------------------------------------------------------- */

/* The nearest name beside it, or where there are few all of them. Of modules that are not ours the name may well exist. */
static const char *name_like(gj_arena *arena, const char *dotted)
{
	const char *last = strrchr(dotted, '.'), *space = last ? gj_strndup(arena, dotted, (size_t)(last - dotted)) : "", *word[8];
	if (strncmp(space, "cuda", 4) && strncmp(space, "gridjit", 7))
		return "";
	gj_nearest like = gj_nearest_to(last + 1);
	uint32_t n = 0;
	gj_nearest_offer_below(&like, space);
	if (*like.like)
		return gj_strdup(arena, gj_did_you_mean(&like));
	for (const gj_name *row = NULL; n < GJ_LEN(word) && (row = gj_name_next(space, row)); n++)
		word[n] = strrchr(row->name, '.') + 1;
	return n && n < GJ_LEN(word) ? gj_printf(arena, "%s has %s; ", space, gj_listed(arena, word, n)) : "";
}

void gj_no_name(const gj_fn *f, uint32_t loc, const char *dotted)
{
	gj_obj named = { .kind = GJ_OBJ_NAME, .name = dotted };
	gj_refuse_opaque(f, loc, (gj_known){ NULL, &named });
	gj_refuse_name(f, loc, gj_shown(dotted), name_like(f->arena, dotted));
}
