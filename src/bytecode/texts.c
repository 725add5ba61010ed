/* Texts that exceptions tell, made of constants and of values that are known when the function runs: f-strings, `"%d" % n`, "{}".format(n),
 * str(n), and sums of them. What says how a value is written is kept in Python's format language (code.h: GJ_TOLD_IN). */
#include "bytecode/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, SPEC_SIZE = 32 };

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
		computes = depth < 4 && gj_can_tell(s, gj_var_find(s, o->arg[i]), depth + 1);
	return computes;
}

const gj_obj *gj_named_object(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	const gj_obj *in = o->op == GJ_ATTR ? gj_named_object(s, gj_var_find(s, o->arg[0])) : NULL;
	if (o->op == GJ_OBJ)
		return o->imm.obj;
	for (uint32_t i = 0; in && in->kind == GJ_OBJ_MODULE && in->item && i < in->n; i++)
		if (!strcmp(in->attr[i], o->imm.name))
			return in->item[i];
	return NULL;
}

static const char *constant(gj_ssa_state *s, gj_ref r)
{
	const gj_op *o = gj_o(s->f, r);
	return o->op == GJ_OBJ && o->imm.obj->kind == GJ_OBJ_STR ? o->imm.obj->name : NULL;
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
	if (o->op == GJ_UNSUPPORTED || !gj_can_tell(s, v, 0))
		return false;
	gj_sb_printf(out, "%c", GJ_TOLD_IN);
	if (h.as)
		gj_sb_printf(out, "%c", h.as);
	gj_sb_printf(out, "%s%c", h.spec, GJ_TOLD_IN);
	gj_push(s->f->arena, value, v);
	return true;
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
	const char *spec = o->sub == GJ_TEXT_SPEC ? constant(s, gj_var_find(s, o->arg[1])) : "";
	gj_ref v = gj_var_find(s, o->arg[0]);
	const gj_op *of = gj_o(s->f, v);
	bool text = of->op == GJ_UNSUPPORTED && of->sub >= GJ_TEXT_STR;
	v = text ? gj_var_find(s, of->arg[0]) : v;
	return spec && put_value(s, v, (how){ spec, !text ? 0 : of->sub == GJ_TEXT_STR ? GJ_TOLD_STR : GJ_TOLD_REPR }, out, value, depth);
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
	if (!text && !integer && !strchr("eEfFgG", letter))
		return false;
	if ((text || integer) && end > precision)
		return false;
	*p = end + 1;
	snprintf(spec, SPEC_SIZE, "%s%.*s%.*s%s%.*s%.*s%s", left && digits ? "<" : text && digits ? ">" : "", text ? 0 : sign != 0, &sign, text ? 0 : other != 0, &other,
	         zero && !left && !text && digits ? "0" : "", (int)digits, width, (int)(end - precision), precision, text ? "" : type);
	*h = (how){ spec, letter == 's' ? GJ_TOLD_STR : text ? GJ_TOLD_REPR : whole ? GJ_TOLD_WHOLE : 0 };
	return true;
}

/* format % operands */
static bool percent(gj_ssa_state *s, const char *format, uint32_t n, const gj_ref *operand, gj_sb *out, gj_refs *value, int depth)
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
		if (!conversion(&p, spec, &h) || next == n || !put_value(s, gj_var_find(s, operand[next++]), h, out, value, depth))
			return false;
	}
	return next == n;
}

/* format.format(operands): fields without names, one after the other or by number. */
static bool braces(gj_ssa_state *s, const char *format, uint32_t n, const gj_ref *operand, gj_sb *out, gj_refs *value, int depth)
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
		const char *end = strchr(p, '}'), *number = p + 1, *at = number + strspn(number, "0123456789");
		if (*p == '}' || !end || at - number > 3)
			return false;
		uint32_t i = at > number ? (uint32_t)strtoul(number, NULL, 10) : next++;
		char as = at[0] == '!' && (at[1] == 'r' || at[1] == 's') ? at[1] == 's' ? GJ_TOLD_STR : GJ_TOLD_REPR : 0;
		at += as ? 2 : 0;
		const char *spec = *at == ':' ? gj_strndup(s->f->arena, at + 1, (size_t)(end - at - 1)) : "";
		if ((*at != ':' && at != end) || strchr(spec, '{') || i >= n || !put_value(s, gj_var_find(s, operand[i]), (how){ spec, as }, out, value, depth))
			return false;
		p = end + 1;
	}
	return true;
}

/* str(x), repr(x), format.format(x, y) */
static bool called(gj_ssa_state *s, const gj_op *o, gj_sb *out, gj_refs *value, int depth)
{
	const gj_op *callee = gj_o(s->f, gj_var_find(s, o->arg[0]));
	const char *format = callee->op == GJ_ATTR && !strcmp(callee->imm.name, "format") ? constant(s, gj_var_find(s, callee->arg[0])) : NULL;
	const gj_obj *f = gj_named_object(s, gj_var_find(s, o->arg[0]));
	const char *name = f && f->kind == GJ_OBJ_NAME ? f->name : "";
	if (o->imm.kw && o->imm.kw->n)
		return false;
	if (format)
		return braces(s, format, o->nargs - 1, o->arg + 1, out, value, depth);
	bool repr = !strcmp(name, "builtins.repr");
	if ((!repr && strcmp(name, "builtins.str")) || o->nargs != 2)
		return false;
	return put_value(s, gj_var_find(s, o->arg[1]), (how){ "", repr ? GJ_TOLD_REPR : GJ_TOLD_STR }, out, value, depth);
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
	const gj_op *all = gj_o(s->f, b);
	bool tuple = all->op == GJ_MKTUPLE && all->sub == GJ_SORT_TUPLE, known = all->op == GJ_OBJ && all->imm.obj->kind == GJ_OBJ_TUPLE;
	return o->sub == GJ_OP_MOD_ && !known && constant(s, a) && percent(s, constant(s, a), tuple ? all->nargs : 1, tuple ? all->arg : &b, out, value, depth);
}
