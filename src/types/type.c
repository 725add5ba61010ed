/* The interner of types. Compound types live in one hash table of the process under a mutex; they are never freed, so
 * equal types are equal pointers for good. Scalars and the other fixed types are static objects. */
#include "types/fields.h"
#include "types/layout.h"
#include "base/half.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const gj_type scalars[GJ_NSCALARS] = {
#define SCALAR(k, c, bytes, text, others) \
	[GJ_##k] = { .kind = GJ_##k, .size = bytes, .nparts = 1 + (GJ_##k >= GJ_C64), .nleaves = 1, .name = text, .code = c, .id = GJ_##k },
#include "types/types.def"
};

const gj_type *const gj_scalar[GJ_NSCALARS] = {
#define SCALAR(k, c, bytes, text, others) [GJ_##k] = &scalars[GJ_##k],
#include "types/types.def"
};

enum { ID_NONE = GJ_NSCALARS, ID_ELLIPSIS, ID_STR, ID_SLICE2, ID_SLICE3, ID_PICKED, ID_E4M3, ID_E5M2, ID_FIRST };

static const gj_type none = { .kind = GJ_NONE, .nleaves = 1, .name = "none", .code = "none", .id = ID_NONE };
static const gj_type ellipsis = { .kind = GJ_ELLIPSIS, .nleaves = 1, .name = "...", .code = "...", .id = ID_ELLIPSIS };
static const gj_type str = { .kind = GJ_STR, .nleaves = 1, .name = "unicode_type", .code = "str", .id = ID_STR };
static const gj_type picked = { .kind = GJ_PICKED, .nparts = 1, .nleaves = 1, .name = "one of several functions", .code = "picked", .id = ID_PICKED };
static const gj_type float8[2] = {
	{ .kind = GJ_FLOAT8, .size = 1, .nparts = 1, .nleaves = 1, .elem = &scalars[GJ_U8], .name = "float8_e4m3fn", .code = "e4m3", .id = ID_E4M3 },
	{ .kind = GJ_FLOAT8, .size = 1, .nparts = 1, .nleaves = 1, .elem = &scalars[GJ_U8], .name = "float8_e5m2", .code = "e5m2", .id = ID_E5M2 },
};
const gj_type *const gj_t_e4m3 = &float8[0], *const gj_t_e5m2 = &float8[1];
static const gj_type slices[2] = {
	{ .kind = GJ_SLICE, .nleaves = 1, .n = 2, .name = "slice<a:b>", .code = "slice<a:b>", .id = ID_SLICE2 },
	{ .kind = GJ_SLICE, .nleaves = 1, .n = 3, .name = "slice<a:b:c>", .code = "slice<a:b:c>", .id = ID_SLICE3 },
};

double gj_rounded(const gj_type *t, double x)
{
	return t->kind == GJ_F32 ? (double)(float)x : gj_is_half(t) ? gj_half_round(x, t->kind == GJ_BF16) : x;
}

const gj_type *const gj_t_none = &none, *const gj_t_ellipsis = &ellipsis, *const gj_t_str = &str, *const gj_t_picked = &picked;

/* -- The table ----------------------------------------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	const gj_type **slot;                      /* open addressing, a power of two, at most half full */
	uint32_t cap, n;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint64_t type_hash(const gj_type *t)
{
	uint64_t small = (uint64_t)t->kind | (uint64_t)t->ndim << 8 | (uint64_t)t->layout << 16 | (uint64_t)t->space << 24;
	uint64_t h = mix(0, small | (uint64_t)t->readonly << 32 | (uint64_t)t->align << 40);
	h = mix(h, t->n);
	h = mix(h, (uint64_t)(int64_t)t->ddof);
	h = mix(h, t->elem ? t->elem->id : UINT32_MAX);
	h = mix(h, (uintptr_t)t->obj);
	for (uint32_t i = 0; i < t->n && t->item; i++)
		h = mix(h, t->item[i]->id);
	return h;
}

static bool type_same(const gj_type *a, const gj_type *b)
{
	return a->kind == b->kind && a->ndim == b->ndim && a->layout == b->layout && a->space == b->space
	       && a->readonly == b->readonly && a->align == b->align && a->n == b->n && a->elem == b->elem && a->obj == b->obj && !(a->ddof < b->ddof || a->ddof > b->ddof)
	       && (!a->n || !a->item || memcmp(a->item, b->item, a->n * sizeof *a->item) == 0);
}

/* Where `key` is or belongs. */
static uint32_t probe(const gj_type *key)
{
	uint32_t i = (uint32_t)type_hash(key) & (table.cap - 1);
	while (table.slot[i] && !type_same(table.slot[i], key))
		i = (i + 1) & (table.cap - 1);
	return i;
}

static bool table_grow(void)
{
	uint32_t old = table.cap;
	const gj_type **slot = table.slot, **bigger = calloc(old ? 2 * (size_t)old : 256, sizeof *bigger);
	if (!bigger)
		return false;
	table.slot = bigger;
	table.cap = old ? 2 * old : 256;
	for (uint32_t i = 0; i < old; i++)
		if (slot[i])
			table.slot[probe(slot[i])] = slot[i];
	free(slot);
	return true;
}

/* -- Names --------------------------------------------------------------------------------------------------------- */

/* "Pair(x: int64, y: float64)". */
static void named_tuple_name(const gj_type *t, const gj_fields *f, gj_sb *name, gj_sb *code)
{
	if (f->kind == GJ_FIELDS_MEMBER || f->kind == GJ_FIELDS_INTEGER) {
		const char *kind = f->kind == GJ_FIELDS_INTEGER ? "Int" : "";
		gj_sb_printf(name, "%sEnum<%s>(%s)", kind, t->item[0]->name, f->label);
		gj_sb_printf(code, "enum%s(%s %s)", kind, f->label, t->item[0]->code);
		return;
	}
	gj_sb_printf(name, "%s(", f->label);
	gj_sb_printf(code, "(%s", f->label);
	for (uint32_t i = 0; i < t->n; i++) {
		gj_sb_printf(name, "%s%s: %s", i ? ", " : "", f->name[i], t->item[i]->name);
		gj_sb_printf(code, " %s=%s", f->name[i], t->item[i]->code);
	}
	gj_sb_puts(name, ")");
	gj_sb_puts(code, ")");
}

static void tuple_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	bool uniform = t->n > 0;
	for (uint32_t i = 1; i < t->n; i++)
		uniform &= t->item[i] == t->item[0];
	if (gj_is_list(t) || gj_is_text(t))
		gj_sb_puts(code, gj_is_list(t) ? "list" : "text");
	if (uniform)
		gj_sb_printf(name, "%s(%s x %u)", gj_is_list(t) ? "list" : "UniTuple", t->item[0]->name, (unsigned)t->n);
	else
		gj_sb_puts(name, gj_is_list(t) ? "list(" : "Tuple(");
	for (uint32_t i = 0; i < t->n; i++) {
		if (!uniform)
			gj_sb_printf(name, "%s%s", i ? ", " : "", t->item[i]->name);
		gj_sb_printf(code, "%s%s", i ? " " : "(", t->item[i]->code);
	}
	if (!uniform)
		gj_sb_puts(name, ")");
	gj_sb_puts(code, t->n ? ")" : "()");
}

/* numba calls arrays of packed records unaligned; whether their fields are, is another question. */
static void array_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	bool packed = t->align || (t->elem->kind == GJ_RECORD && !gj_record_of(t->elem)->aligned);
	gj_sb_printf(name, "%s%sarray(%s, %dd, %c)", packed ? "unaligned " : "", t->readonly ? "readonly " : "", t->elem->name, t->ndim, t->layout);
	gj_sb_printf(code, "%s[%d%c]%s", t->elem->code, t->ndim, t->layout, t->readonly ? "ro" : "");
	if (t->align)
		gj_sb_printf(code, "u%d", t->align);
}

/* "Record(x[type=float32;offset=0],y[type=int64;offset=8];16;True)". */
static void record_name(const gj_type *t, const gj_record *r, gj_sb *name, gj_sb *code)
{
	if (r->dtype) {
		gj_sb_printf(name, "dtype(%s)", r->dtype);
		gj_sb_printf(code, "dtype(%u %s)", (unsigned)r->size, r->dtype);
		return;
	}
	gj_sb_puts(name, "Record(");
	gj_sb_puts(code, "{");
	for (uint32_t i = 0; i < t->n; i++) {
		gj_sb_printf(name, "%s%s[type=%s;offset=%u]", i ? "," : "", r->name[i], t->item[i]->name, (unsigned)r->offset[i]);
		gj_sb_printf(code, "%u:%s:%s@%u ", (unsigned)strlen(r->name[i]), r->name[i], t->item[i]->code, (unsigned)r->offset[i]);
	}
	gj_sb_printf(name, ";%u;%s)", (unsigned)r->size, r->aligned ? "True" : "False");
	gj_sb_printf(code, "%u%s}", (unsigned)r->size, r->aligned ? "a" : "");
}

/* "nestedarray(float32, (2, 3))". */
static void nested_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	int ndim;
	gj_sb_printf(name, "nestedarray(%s, (", gj_innermost(t, &ndim)->name);
	for (const gj_type *d = t; d->kind == GJ_NESTED; d = d->elem)
		gj_sb_printf(name, "%u%s", (unsigned)d->n, ndim == 1 ? "," : d->elem->kind == GJ_NESTED ? ", " : "");
	gj_sb_puts(name, "))");
	gj_sb_printf(code, "%s*%u", t->elem->code, (unsigned)t->n);
}

static void pointer_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	static const char *const space[] = { "", " shared", " local", " constant", "" };
	gj_sb_printf(name, "%s*%s", t->elem == gj_t_none ? "void" : t->elem->name, space[t->space]);
	gj_sb_printf(code, "%s*%s", t->elem->code, space[t->space]);
	if (t->align)
		gj_sb_printf(code, " by %d", t->align);
}

static void function_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	const gj_type *is = t->obj;
	gj_sb_printf(name, "FunctionType[%s(", t->elem->name);
	gj_sb_printf(code, "%s<%s(", is ? is->code : "fn", t->elem->code);
	for (uint32_t i = 0; i < t->n; i++) {
		gj_sb_printf(name, "%s%s", i ? ", " : "", t->item[i]->name);
		gj_sb_printf(code, "%s%s", i ? " " : "", t->item[i]->code);
	}
	gj_sb_puts(name, ")]");
	gj_sb_puts(code, ")>");
}

static void iter_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	if (t->elem->kind == GJ_RANGE)
		gj_sb_printf(name, "range_iter_%s", t->elem->elem->name);
	else
		gj_sb_printf(name, "iter(%s)", t->elem->name);
	gj_sb_printf(code, "iter(%s)", t->elem->code);
}

static void expression_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	gj_sb_printf(name, "array expression(%s, %dd)", t->elem->name, t->ndim);
	gj_sb_printf(code, "%s[%d of", t->elem->code, t->ndim);
	for (uint32_t i = 0; i < t->n; i++)
		gj_sb_printf(code, " %s", t->item[i]->code);
	gj_sb_puts(code, "]");
}

static void fused_name(const gj_type *t, gj_sb *name, gj_sb *code)
{
	bool reduced = t->kind == GJ_REDUCED;
	gj_sb_printf(name, "%sarray(%s, %dd)", reduced ? "reduced " : "", t->elem->name, t->ndim);
	gj_sb_printf(code, "%s[%d of %llx]", t->elem->code, t->ndim, (unsigned long long)gj_shape_arguments(t));
	if (reduced)
		gj_sb_printf(code, " by %d of %x %d %d as", t->layout, t->space, t->readonly, t->align);
	for (uint32_t i = 0; i < t->n; i++)
		gj_sb_printf(code, " %s", t->item[i]->code);
}

/* `given`: the name of a static type, which only its maker knows. */
static void type_name(const gj_type *t, const char *given, gj_sb *name, gj_sb *code)
{
	switch (t->kind) {
	case GJ_TUPLE: t->obj ? named_tuple_name(t, t->obj, name, code) : tuple_name(t, name, code); break;
	case GJ_ARRAY: array_name(t, name, code); break;
	case GJ_PTR:   pointer_name(t, name, code); break;
	case GJ_FUNCTION: function_name(t, name, code); break;
	case GJ_RECORD: record_name(t, t->obj, name, code); break;
	case GJ_NESTED: nested_name(t, name, code); break;
	case GJ_VECTOR:
		gj_sb_printf(name, "%sx%u", t->elem->name, (unsigned)t->n);
		gj_sb_printf(code, "%sx%u", t->elem->code, (unsigned)t->n);
		break;
	case GJ_OPTIONAL:
		gj_sb_printf(name, "OptionalType(%s)", t->elem->name);
		gj_sb_printf(code, "?%s", t->elem->code);
		break;
	case GJ_REF:
		gj_sb_puts(name, t->elem->name);
		gj_sb_printf(code, "&%s%s", t->elem->code, t->readonly ? "ro" : "");
		break;
	case GJ_ITER:  iter_name(t, name, code); break;
	case GJ_EXPRESSION: expression_name(t, name, code); break;
	case GJ_ELEMENT: case GJ_REDUCED: fused_name(t, name, code); break;
	case GJ_FLAT:
		gj_sb_printf(name, "flat %s", t->elem->name);
		gj_sb_printf(code, "flat(%s)", t->elem->code);
		break;
	case GJ_INDICES:
		gj_sb_printf(name, "%sndindex(%ud)", t->readonly ? "p" : "", t->ndim);
		gj_sb_printf(code, "%sndindex(%u)", t->readonly ? "p" : "", t->ndim);
		break;
	case GJ_RANGE:
		gj_sb_printf(name, "%srange_state_%s", t->readonly ? "p" : "", t->elem->name);
		gj_sb_printf(code, "%srange(%s)", t->readonly ? "p" : "", t->elem->code);
		break;
	default:                                       /* "function(f)#1b2c": what tells it from others is no part of its name */
		gj_sb_put(name, given, strcspn(given, "#"));
		gj_sb_puts(code, given);
	}
}

/* -- Interning ----------------------------------------------------------------------------------------------------- */

/* A heap copy of *key with names of its own; NULL: out of memory. */
static gj_type *type_copy(const gj_type *key, const char *given)
{
	gj_sb name = { 0 }, code = { 0 };
	gj_type *t = malloc(sizeof *t);
	const gj_type **item = key->item ? malloc((key->n + 1) * sizeof *item) : NULL;
	type_name(key, given, &name, &code);
	if (!t || (key->item && !item) || name.failed || code.failed) {
		free(t);
		free(item);
		gj_sb_free(&name);
		gj_sb_free(&code);
		return NULL;
	}
	*t = *key;
	if (item)
		t->item = memcpy(item, key->item, key->n * sizeof *item);
	t->name = name.p ? name.p : "";
	t->code = code.p ? code.p : "";
	gj_lay_out(t);
	return t;
}

static const gj_type *intern(const gj_type *key, const char *given)
{
	const gj_type *found = NULL;
	pthread_mutex_lock(&table.lock);
	if (2 * table.n < table.cap || table_grow()) {
		uint32_t at = probe(key);
		gj_type *fresh = table.slot[at] ? NULL : type_copy(key, given);
		if (fresh) {
			fresh->id = ID_FIRST + table.n++;
			table.slot[at] = fresh;
		}
		found = table.slot[at];
	}
	pthread_mutex_unlock(&table.lock);
	return found;
}

const gj_type *gj_intern(const gj_type *key) { return intern(key, NULL); }

static uint32_t depth_of(const gj_type *const *item, uint32_t n)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < n; i++)
		most = item[i]->depth > most ? item[i]->depth : most;
	return 1 + most;
}

bool gj_too_deep(const gj_type *const *item, uint32_t n)
{
	return depth_of(item, n) > GJ_MAX_NESTED;
}

static const gj_type *tuple_type(const gj_fields *names, char layout, const gj_type *const *item, uint32_t n)
{
	static const gj_type *const nothing[1];
	for (uint32_t i = 0; i < n; i++)
		if (!item[i])
			return NULL;
	uint32_t depth = depth_of(item, n);
	return depth > GJ_MAX_NESTED ? NULL
		: intern(&(gj_type){ .kind = GJ_TUPLE, .n = n, .depth = depth, .item = n ? item : nothing, .obj = names, .layout = layout }, NULL);
}

const gj_type *gj_tuple_type(const gj_type *const *item, uint32_t n) { return tuple_type(NULL, 0, item, n); }
const gj_type *gj_list_type(const gj_type *const *item, uint32_t n) { return tuple_type(NULL, 'L', item, n); }
const gj_type *gj_text_type(const gj_type *const *item, uint32_t n) { return tuple_type(NULL, 'X', item, n); }
const gj_type *gj_named_type(const gj_fields *f, const gj_type *const *item) { return tuple_type(f, 0, item, f->n); }

const gj_type *gj_array_at(const gj_type *elem, int ndim, char layout, bool readonly, gj_space space, uint32_t known)
{
	if (!elem || !elem->size || ndim < 0 || ndim > GJ_MAX_NDIM || !layout || !strchr("CFA", layout))
		return NULL;
	return intern(&(gj_type){ .kind = GJ_ARRAY, .elem = elem, .ndim = (uint8_t)ndim, .layout = layout, .readonly = readonly,
	                          .space = (uint8_t)space, .align = gj_align_less(elem, known) }, NULL);
}

const gj_type *gj_array_type(const gj_type *elem, int ndim, char layout, bool readonly, gj_space space)
{
	return gj_array_at(elem, ndim, layout, readonly, space, 0);
}

const gj_type *gj_array_in(const gj_type *elem, int ndim, char layout, const gj_type *like)
{
	return gj_array_at(elem, ndim, layout, like->readonly, (gj_space)like->space, like->align);
}

const gj_type *gj_vector_type(const gj_type *elem, uint32_t n)
{
	bool can = elem && (gj_is_int(elem) || elem->kind == GJ_F32 || elem->kind == GJ_F64) && n >= 1 && n <= 4;
	return can ? intern(&(gj_type){ .kind = GJ_VECTOR, .elem = elem, .n = n }, NULL) : NULL;
}

static bool is_chosen(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (!is_chosen(t->item[i]) && t->item[i] != gj_t_none)
			return false;
	return gj_is_scalar(t) || t->kind == GJ_TUPLE || t->kind == GJ_ARRAY || t->kind == GJ_REF || t->kind == GJ_OPTIONAL ||
	       t->kind == GJ_VECTOR || gj_is_float8(t);
}

const gj_type *gj_optional_type(const gj_type *t)
{
	if (!t || t == gj_t_none || t->kind == GJ_OPTIONAL)
		return t;
	return is_chosen(t) ? intern(&(gj_type){ .kind = GJ_OPTIONAL, .elem = t, .depth = t->depth }, NULL) : NULL;
}

const gj_type *gj_range_type(const gj_type *elem)
{
	return elem && gj_is_int(elem) ? intern(&(gj_type){ .kind = GJ_RANGE, .elem = elem }, NULL) : NULL;
}

const gj_type *gj_prange_type(const gj_type *elem)
{
	return elem && gj_is_int(elem) ? intern(&(gj_type){ .kind = GJ_RANGE, .elem = elem, .readonly = true }, NULL) : NULL;
}

const gj_type *gj_iter_type(const gj_type *elem)
{
	bool ok = elem && (elem->kind == GJ_RANGE || elem->kind == GJ_TUPLE || elem->kind == GJ_FLAT || elem->kind == GJ_INDICES || gj_has_elements(elem));
	return ok ? intern(&(gj_type){ .kind = GJ_ITER, .elem = elem }, NULL) : NULL;
}

const gj_type *gj_flat_type(const gj_type *array) { return intern(&(gj_type){ .kind = GJ_FLAT, .elem = array }, NULL); }
const gj_type *gj_indices_type(uint32_t ndim, bool rounds)
{
	return intern(&(gj_type){ .kind = GJ_INDICES, .ndim = (uint8_t)ndim, .readonly = rounds }, NULL);
}

const gj_type *gj_index_tuple(uint32_t n)
{
	const gj_type *i64[GJ_MAX_NDIM];
	for (int i = 0; i < GJ_MAX_NDIM; i++)
		i64[i] = gj_scalar[GJ_I64];
	return n <= GJ_MAX_NDIM ? gj_tuple_type(i64, n) : NULL;
}

const gj_type *gj_expression_type(const gj_type *elem, int ndim, const void *obj, const gj_type *const *item, uint32_t n)
{
	uint32_t depth = depth_of(item, n);
	return depth > GJ_MAX_NESTED ? NULL
		: intern(&(gj_type){ .kind = GJ_EXPRESSION, .elem = elem, .ndim = (uint8_t)ndim, .n = n, .depth = depth, .item = item,
		                     .obj = obj }, NULL);
}

const gj_type *gj_element_type(const gj_type *elem, int ndim, uint64_t arguments)
{
	return intern(&(gj_type){ .kind = GJ_ELEMENT, .elem = elem, .ndim = (uint8_t)ndim, .obj = (const void *)(uintptr_t)arguments }, NULL);
}

const gj_type *gj_reduced_type(const gj_type *elem, int ndim, uint64_t arguments, gj_reducing r, const gj_type *const *item, uint32_t n)
{
	return intern(&(gj_type){ .kind = GJ_REDUCED, .elem = elem, .ndim = (uint8_t)ndim, .obj = (const void *)(uintptr_t)arguments,
	                          .layout = (char)((int)r.how | r.chosen << 4 | r.initial << 5), .space = (uint8_t)r.axes, .readonly = r.keep,
	                          .ddof = r.ddof, .n = n, .item = item }, NULL);
}

const gj_type *gj_slice_type(int n)
{
	return n == 2 || n == 3 ? &slices[n - 2] : NULL;
}

const gj_type *gj_static_type(const void *obj, const char *name)
{
	return intern(&(gj_type){ .kind = GJ_STATIC, .obj = obj }, name);
}

const gj_type *gj_function_type(const gj_type *ret, const gj_type *const *arg, uint32_t n, const gj_type *is)
{
	static const gj_type *const nothing[1];
	return intern(&(gj_type){ .kind = GJ_FUNCTION, .elem = ret, .n = n, .item = n ? arg : nothing, .obj = is }, NULL);
}

const gj_type *gj_ptr_at(const gj_type *elem, gj_space space, uint32_t known)
{
	if (!elem || (!elem->size && elem != gj_t_none))
		return NULL;
	return intern(&(gj_type){ .kind = GJ_PTR, .elem = elem, .space = (uint8_t)space, .align = known == gj_align(elem) ? 0 : (uint8_t)known }, NULL);
}

const gj_type *gj_ptr_type(const gj_type *elem, gj_space space) { return gj_ptr_at(elem, space, 0); }
