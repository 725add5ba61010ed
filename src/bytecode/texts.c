/* Texts that exceptions tell and print() writes, made of constants and of values that are known when the function runs: f-strings, `"%d" % n`, "{}".format(n),
 * str(n), and sums of them. What says how a value is written is kept in Python's format language (code.h: GJ_TOLD_IN). */
#include "bytecode/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, SPEC_SIZE = 32 };

/* What stands in the fields of a format: values, with names, or without (NULL). */
typedef struct operands { uint32_t n; const gj_ref *value; const char *const *name; } operands;

/* How a value becomes text: its format, of itself, of its repr(), or of its whole part. */
typedef struct how { const char *spec; char as; } how;

static bool among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* a.shape and the like; and cuda.threadIdx.x. */
static bool attribute(gj_ssa_state *s, const gj_op *o, int depth)
{
	static const char *const of_arrays[] = { "shape", "size", "ndim" };
	const gj_op *of = gj_o(s->f, gj_var_find(s, o->arg[0]));
	if (of->op == GJ_OBJ || gj_named_object(s, gj_var_find(s, o->arg[0])))
		return o->imm.name[1] == 0;
	return among(o->imm.name, of_arrays, GJ_LEN(of_arrays)) && gj_can_tell(s, gj_var_find(s, o->arg[0]), depth + 1);
}

static bool calls_simple(gj_ssa_state *s, const gj_op *o)
{
	static const char *const functions[] = { "builtins.len", "builtins.abs", "builtins.int", "builtins.float", "cuda.grid", "cuda.gridsize" };
	const gj_obj *f = o->op == GJ_CALL && !(o->imm.kw && o->imm.kw->n) ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	return f && f->kind == GJ_OBJ_NAME && among(f->name, functions, GJ_LEN(functions));
}

static bool is_told(const gj_obj *obj)
{
	for (uint32_t i = 0; obj->kind == GJ_OBJ_TUPLE && i < obj->n; i++)
		if (obj->item[i]->kind != GJ_OBJ_STR && !is_told(obj->item[i]))
			return false;
	return obj->kind == GJ_OBJ_TUPLE || obj->kind == GJ_OBJ_INT || obj->kind == GJ_OBJ_FLOAT || obj->kind == GJ_OBJ_BOOL || obj->kind == GJ_OBJ_NONE;
}

static const char *constant(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_OBJ && o->imm.obj->kind == GJ_OBJ_STR ? o->imm.obj->name : NULL;
}

/* Is it a number, or a tuple of them, as far as can be seen, that is worth computing for a message? Kernels must not fail for what nobody may see. */
bool gj_can_tell(gj_ssa_state *s, gj_ref r, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	bool computed = o->op != GJ_UNSUPPORTED && o->op != GJ_OBJ && !s->doomed[o->block];
	if (s->code->written || computed || o->op == GJ_ARG || (o->op == GJ_OBJ && is_told(o->imm.obj)))
		return true;
	if (o->op == GJ_ATTR)
		return depth < 4 && attribute(s, o, depth);
	bool computes = o->op == GJ_MKTUPLE || o->op == GJ_PYBIN || o->op == GJ_PYUN || o->op == GJ_PYCMP || o->op == GJ_ITEM || calls_simple(s, o);
	for (uint32_t i = o->op == GJ_CALL; i < o->nargs && computes; i++)
		computes = depth < 4 && ((o->op == GJ_MKTUPLE && constant(s, gj_var_find(s, o->arg[i]))) || gj_can_tell(s, gj_var_find(s, o->arg[i]), depth + 1));
	return computes;
}

/* A value in a text. */
static bool put_value(gj_ssa_state *s, gj_ref v, how h, gj_sb *out, gj_refs *value, int depth)
{
	const gj_op *o = gj_o(s->f, v);
	bool plain = !*h.spec && (!h.as || h.as == GJ_TOLD_STR);
	if (plain && (constant(s, v) || gj_choice_of(s, v) || o->op == GJ_PYBIN || o->op == GJ_CALL || o->op == GJ_UNSUPPORTED)) {
		uint32_t before = value->n;
		gj_sb text = { 0 };
		bool is_text = gj_text_of(s, v, &text, value, depth + 1);
		if (is_text)
			gj_sb_puts(out, gj_sb_str(&text));
		else
			value->n = before;
		gj_sb_free(&text);
		if (is_text)
			return true;
	}
	if (o->op == GJ_UNSUPPORTED || (!constant(s, v) && !gj_can_tell(s, v, 0)))
		return false;
	gj_sb_printf(out, "%c", GJ_TOLD_IN);
	if (h.as)
		gj_sb_printf(out, "%c", h.as);
	gj_sb_printf(out, "%s%c", h.spec, GJ_TOLD_IN);
	gj_push(s->f->arena, value, v);
	return true;
}

/* A format, whose own fields are constants. false: it is none. */
static bool format_of(gj_ssa_state *s, gj_ref r, gj_sb *out, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_obj *obj = o->op == GJ_OBJ ? o->imm.obj : NULL;
	bool parts = o->op == GJ_UNSUPPORTED && (o->sub == GJ_TEXT_PARTS || o->sub == GJ_TEXT_VALUE || o->sub == GJ_TEXT_STR);
	for (uint32_t i = 0; parts && i < o->nargs; i++)
		parts = depth < MAX_DEPTH && format_of(s, gj_var_find(s, o->arg[i]), out, depth + 1);
	if (obj && obj->kind == GJ_OBJ_STR)
		gj_sb_puts(out, obj->name);
	else if (obj && obj->kind == GJ_OBJ_INT && !obj->is_unsigned && !obj->big)
		gj_sb_printf(out, "%lld", (long long)obj->i);
	return parts || (obj && (obj->kind == GJ_OBJ_STR || obj->kind == GJ_OBJ_INT));
}

/* A piece of an f-string. */
static bool piece(gj_ssa_state *s, const gj_op *o, gj_sb *out, gj_refs *value, int depth)
{
	if (o->sub == GJ_TEXT_OTHER || o->sub >= GJ_TEXT_STR)
		return false;
	for (uint32_t i = 0; o->sub == GJ_TEXT_PARTS && i < o->nargs; i++)
		if (!gj_text_of(s, gj_var_find(s, o->arg[i]), out, value, depth + 1))
			return false;
	if (o->sub == GJ_TEXT_PARTS)
		return true;
	gj_sb format = { 0 };
	bool known = o->sub != GJ_TEXT_SPEC || format_of(s, gj_var_find(s, o->arg[1]), &format, depth);
	const char *spec = gj_strdup(s->f->arena, gj_sb_str(&format));
	gj_sb_free(&format);
	gj_ref v = gj_var_find(s, o->arg[0]);
	const gj_op *of = gj_o(s->f, v);
	bool text = of->op == GJ_UNSUPPORTED && of->sub >= GJ_TEXT_STR;
	v = text ? gj_var_find(s, of->arg[0]) : v;
	return known && put_value(s, v, (how){ spec, !text ? 0 : of->sub == GJ_TEXT_STR ? GJ_TOLD_STR : GJ_TOLD_REPR }, out, value, depth);
}

/* What stands behind a % as a format; *p comes to stand behind it. false: it is none of those that have one. */
static bool conversion(const char **p, char spec[SPEC_SIZE], how *h)
{
	bool left = false, zero = false;
	char sign = 0, other = 0;
	for (; **p && strchr("-+ 0#", **p); ++*p) {
		left |= **p == '-';
		zero |= **p == '0';
		sign = **p == '+' || (**p == ' ' && !sign) ? **p : sign;
		other = **p == '#' ? '#' : other;
	}
	const char *width = *p;
	size_t digits = strspn(width, "0123456789");
	const char *precision = width + digits, *end = precision;
	if (*precision == '.')
		end += 1 + strspn(precision + 1, "0123456789");
	if (digits > 8 || end - precision > 8 || !*end)
		return false;
	char letter = *end, type[2] = { letter == 'i' || letter == 'u' ? 'd' : letter, 0 };
	bool text = letter == 's' || letter == 'r' || letter == 'a', whole = *type == 'd', integer = whole || strchr("xXo", letter);
	bool words = text || letter == 'c';
	if (!words && !integer && !strchr("eEfFgG", letter))
		return false;
	if ((integer || letter == 'c') && end > precision)
		return false;
	*p = end + 1;
	snprintf(spec, SPEC_SIZE, "%s%.*s%.*s%s%.*s%.*s%s", left && digits ? "<" : words && digits ? ">" : "", words ? 0 : sign != 0, &sign, words ? 0 : other != 0, &other,
	         zero && !left && !words && digits ? "0" : "", (int)digits, width, (int)(end - precision), precision, text ? "" : type);
	*h = (how){ spec, letter == 's' ? GJ_TOLD_STR : text ? GJ_TOLD_REPR : whole ? GJ_TOLD_WHOLE : 0 };
	return true;
}

/* The value in the field of this name; 0: there is none. */
static gj_ref named(gj_ssa_state *s, const operands *of, const char *name, size_t size)
{
	for (uint32_t i = of->n; of->name && i-- > 0;)
		if (of->name[i] && strlen(of->name[i]) == size && !memcmp(of->name[i], name, size))
			return gj_var_find(s, of->value[i]);
	return 0;
}

/* The value of a conversion: (name) at *p, which comes to stand behind it, or the next. 0: there is none. */
static gj_ref converted(gj_ssa_state *s, const char **p, const operands *of, uint32_t *next)
{
	const char *end = **p == '(' ? strchr(*p, ')') : NULL, *name = *p + 1;
	if (!end)
		return !of->name && *next < of->n ? gj_var_find(s, of->value[(*next)++]) : 0;
	*p = end + 1;
	return named(s, of, name, (size_t)(end - name));
}

/* format % operands */
static bool percent(gj_ssa_state *s, const char *format, const operands *of, gj_sb *out, gj_refs *value, int depth)
{
	char spec[SPEC_SIZE];
	uint32_t next = 0;
	how h;
	for (const char *p = format; *p;) {
		size_t plain = strcspn(p, "%");
		gj_sb_put(out, p, plain);
		p += plain;
		if (*p && *++p == '%') {
			gj_sb_put(out, p++, 1);
			continue;
		}
		if (!plain && !*p)
			return false;
		if (p[-1] != '%' || !*p)
			continue;
		gj_ref v = converted(s, &p, of, &next);
		if (!v || !conversion(&p, spec, &h))
			return false;
		if (p[-1] == 'c' && constant(s, v) && !spec[1])
			h = (how){ "", GJ_TOLD_STR };
		if (!put_value(s, v, h, out, value, depth))
			return false;
	}
	return of->name || next == of->n;
}

/* format.format(operands): fields one after the other, by number, or by name: those of keywords stand behind the others. */
static bool braces(gj_ssa_state *s, const char *format, uint32_t n, const operands *of, gj_sb *out, gj_refs *value, int depth)
{
	uint32_t next = 0;
	for (const char *p = format; *p;) {
		size_t plain = strcspn(p, "{}");
		gj_sb_put(out, p, plain);
		p += plain;
		if (*p && p[1] == *p) {
			gj_sb_put(out, p, 1);
			p += 2;
			continue;
		}
		if (!*p)
			break;
		const char *end = strchr(p, '}'), *field = p + 1, *at = field + strcspn(field, "!:}.[");
		size_t size = (size_t)(at - field);
		if (*p == '}' || !end || size > 100)
			return false;
		bool numbered = size == strspn(field, "0123456789");
		uint32_t i = !numbered || size > 3 ? n : size ? (uint32_t)strtoul(field, NULL, 10) : next++;
		gj_ref v = i < n ? gj_var_find(s, of->value[i]) : numbered ? 0 : named(s, of, field, size);
		char as = at[0] == '!' && (at[1] == 'r' || at[1] == 's') ? at[1] == 's' ? GJ_TOLD_STR : GJ_TOLD_REPR : 0;
		at += as ? 2 : 0;
		const char *spec = *at == ':' ? gj_strndup(s->f->arena, at + 1, (size_t)(end - at - 1)) : "";
		if ((*at != ':' && at != end) || strchr(spec, '{') || !v || !put_value(s, v, (how){ spec, as }, out, value, depth))
			return false;
		p = end + 1;
	}
	return true;
}

/* str(x), repr(x), extents(x), format.format(x, y) */
static bool called(gj_ssa_state *s, const gj_op *o, gj_sb *out, gj_refs *value, int depth)
{
	const gj_op *callee = gj_o(s->f, gj_var_find(s, o->arg[0]));
	const char *format = callee->op == GJ_ATTR && !strcmp(callee->imm.name, "format") ? constant(s, gj_var_find(s, callee->arg[0])) : NULL;
	const gj_obj *f = gj_named_object(s, gj_var_find(s, o->arg[0]));
	const char *name = f && f->kind == GJ_OBJ_NAME ? f->name : "";
	uint32_t n = o->nargs - 1, nkw = o->imm.kw ? o->imm.kw->n : 0;
	if (format) {
		const char **names = gj_new(s->f->arena, const char *, n);
		for (uint32_t i = 0; i < nkw; i++)
			names[n - nkw + i] = o->imm.kw->name[i];
		return braces(s, format, n - nkw, &(operands){ n, o->arg + 1, names }, out, value, depth);
	}
	if (nkw)
		return false;
	static const struct { const char *name; char as; } texts[] = {
		{ "builtins.str", GJ_TOLD_STR }, { "builtins.repr", GJ_TOLD_REPR }, { "gridjit.extents", GJ_TOLD_SHAPE }
	};
	for (size_t i = 0; i < GJ_LEN(texts) && o->nargs == 2; i++)
		if (!strcmp(name, texts[i].name))
			return put_value(s, gj_var_find(s, o->arg[1]), (how){ "", texts[i].as }, out, value, depth);
	return false;
}

/* What stands behind a %: the items of a tuple or dictionary, or a value. Constant items become ops before op r. */
static operands operands_of(gj_ssa_state *s, gj_ref r, gj_ref b)
{
	const gj_op *o = gj_o(s->f, b);
	const gj_obj *known = o->op == GJ_OBJ && o->imm.obj->kind == GJ_OBJ_TUPLE && !o->imm.obj->i ? o->imm.obj : NULL;
	gj_ref *value = gj_new(s->f->arena, gj_ref, known ? known->n : 1);
	if (o->op == GJ_MKTUPLE && o->sub != GJ_SORT_LIST)
		return (operands){ o->nargs, o->arg, o->sub == GJ_SORT_DICT ? o->imm.kw->name : NULL };
	*value = b;
	for (uint32_t i = 0; known && i < known->n; i++)
		value[i] = gj_constant_before(s, r, known->item[i]);
	bool names = known && known->fields && known->fields->kind == GJ_FIELDS_DICT;
	return (operands){ known ? known->n : 1, value, names ? known->fields->name : NULL };
}

bool gj_text_of(gj_ssa_state *s, gj_ref r, gj_sb *out, gj_refs *value, int depth)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_choice *one = gj_choice_of(s, r);
	if (depth > MAX_DEPTH)
		return false;
	if (one) {
		gj_sb_printf(out, "%c%c%s%c", GJ_TOLD_IN, GJ_TOLD_ONE, one->texts, GJ_TOLD_IN);
		gj_push(s->f->arena, value, one->number);
		return true;
	}
	if (constant(s, r)) {
		gj_sb_puts(out, constant(s, r));
		return true;
	}
	if (o->op == GJ_UNSUPPORTED)
		return piece(s, o, out, value, depth);
	if (o->op == GJ_CALL)
		return called(s, o, out, value, depth);
	if (o->op != GJ_PYBIN)
		return false;
	gj_ref a = gj_var_find(s, o->arg[0]), b = gj_var_find(s, o->arg[1]);
	if (o->sub == GJ_OP_ADD_)
		return gj_text_of(s, a, out, value, depth + 1) && gj_text_of(s, b, out, value, depth + 1);
	if (o->sub != GJ_OP_MOD_ || !constant(s, a))
		return false;
	operands of = operands_of(s, r, b);
	return percent(s, constant(s, a), &of, out, value, depth);
}
