/* Typing of calls: type constructors, device functions (arguments bound as Python binds them), closures, and named
 * functions, whose rules are rows of names.def. */
#include "infer/infer.h"

#include <string.h>

/* -- Device functions ----------------------------------------------------------------------------------------------- */

/* How many values an inner function holds: what it captured, then its defaults. */
static uint32_t held_items(gj_known f) { return f.type->kind == GJ_TUPLE ? f.type->n : 0; }

static gj_known held_item(gj_known f, uint32_t i) { return (gj_known){ f.type->item[i], f.konst->item[i] }; }

/* The operand that gives parameter i, 0 when its default does, fails when nothing does. */
static gj_ref bind_param(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t i)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, npos = call->nargs - 1 - nkw;
	if (i < npos && i < (uint32_t)code->nargs)
		return call->arg[i + 1];
	for (uint32_t k = 0; k < nkw; k++)
		if (!strcmp(call->imm.kw->name[k], code->var[i]) && i >= (uint32_t)code->nposonly)
			return call->arg[call->nargs - nkw + k];
	uint32_t held = held_items(gj_value(s, call->arg[0])), last = held ? held - (uint32_t)code->nkwheld : 0;
	uint32_t defaults = last - (held ? (uint32_t)code->nfree : 0);
	bool positional = i < (uint32_t)code->nargs;
	if (positional && i + defaults >= (uint32_t)code->nargs)
		return GJ_HELD + last + i - (uint32_t)code->nargs;
	if (!positional && held && code->kwheld && code->kwheld[i - (uint32_t)code->nargs] >= 0)
		return GJ_HELD + last + (uint32_t)code->kwheld[i - (uint32_t)code->nargs];
	bool has_default = positional ? i + (uint32_t)code->ndefaults >= (uint32_t)code->nargs
	                              : code->kwdefaults && code->kwdefaults[i - (uint32_t)code->nargs];
	if (!has_default)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_MISSING, code->name, code->var[i]);
	return 0;
}

/* Which parameter takes the keyword; -1: none. */
static int parameter_named(const gj_code *code, const char *name)
{
	for (int i = code->nposonly; i < code->nargs + code->nkwonly; i++)
		if (!strcmp(code->var[i], name))
			return i;
	return -1;
}

static void check_call(const gj_inst *s, const gj_op *call, const gj_code *code)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, npos = call->nargs - 1 - nkw;
	if (npos > (uint32_t)code->nargs && !(code->flags & GJ_CO_VARARGS))
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_COUNT, code->name, code->nargs, npos);
	for (uint32_t k = 0; k < nkw; k++) {
		int i = parameter_named(code, call->imm.kw->name[k]);
		if (i < 0 && code->flags & GJ_CO_VARKEYWORDS)
			continue;
		if (i < 0)
			gj_no_keyword(s->fn, call->loc, code, call->imm.kw->name[k]);
		if (i < code->nargs && (uint32_t)i < npos)
			gj_fail(s->fn, call->loc, GJ_ERR_CALL_TWICE, code->name, code->var[i]);
	}
}

static gj_known default_of(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t i)
{
	const gj_obj *o = i < (uint32_t)code->nargs ? code->defaults[i + (uint32_t)code->ndefaults - (uint32_t)code->nargs]
	                                            : code->kwdefaults[i - (uint32_t)code->nargs];
	return gj_known_of(s->fn, call->loc, o);
}

/* What *args of the callee takes. */
uint32_t gj_call_rest(const gj_op *call, const gj_code *code, const gj_ref **arg)
{
	uint32_t npos = call->nargs - 1 - (call->imm.kw ? call->imm.kw->n : 0), named = (uint32_t)code->nargs;
	*arg = call->arg + 1 + named;
	return npos > named ? npos - named : 0;
}

/* Which of the arguments cannot be converted to the signature, counted from 1; 0: all can, and *fit says how. */
static uint32_t misfit(const gj_declared *sig, const gj_known *a, gj_fit *fit)
{
	*fit = (gj_fit){ 0 };
	for (int i = 0; i < sig->n; i++) {
		if (!gj_can_convert(a[i].type, sig->arg[i]))
			return (uint32_t)i + 1;
		gj_fit_add(fit, a[i].type, sig->arg[i]);
	}
	return 0;
}

/* Why none of the signatures fits. */
static const char *misfits(gj_arena *arena, const gj_code *code, uint32_t n, const gj_known *a)
{
	const gj_type **given = gj_new(arena, const gj_type *, n + 1);
	gj_sb all = { 0 };
	for (uint32_t i = 0; i < n; i++)
		given[i] = a[i].type;
	for (const gj_declared *d = code->declared, *end = d + code->ndeclared; d < end; d++)
		gj_say_misfit(&all, d->arg, (uint32_t)d->n, given, n, gj_can_convert);
	const char *text = gj_strdup(arena, gj_sb_str(&all));
	gj_sb_free(&all);
	return text;
}

/* The explicit signature that the n arguments fit best, NULL: the function has none. */
static const gj_declared *signature(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t n, const gj_known *a)
{
	const gj_declared *best = NULL;
	gj_fit fit, of_best = { 0 };
	bool tie = false;
	for (const gj_declared *d = code->declared, *end = d + code->ndeclared; d < end; d++) {
		if ((uint32_t)d->n != n || misfit(d, a, &fit))
			continue;
		int order = best ? gj_fit_compare(&fit, &of_best) : -1;
		tie = order ? tie && order > 0 : memcmp(d->arg, best->arg, n * sizeof *d->arg) || tie;
		if (order < 0) {
			best = d;
			of_best = fit;
		}
	}
	if ((tie || !best) && code->inline_ == GJ_INLINE_ALWAYS)       /* its code stands in the caller, whatever types that has */
		return NULL;
	if (tie)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_AMBIGUOUS, code->name, gj_known_list(s->fn->arena, n, a));
	if (best || !code->ndeclared)
		return best;
	const gj_declared *first = code->declared;
	if (code->ndeclared > 1)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_OVERLOAD, code->name, gj_known_list(s->fn->arena, n, a), misfits(s->fn->arena, code, n, a));
	if ((uint32_t)first->n != n)
		gj_fail(s->fn, call->loc, GJ_ERR_CALL_COUNT, code->name, first->n, n);
	uint32_t i = misfit(first, a, &fit);
	gj_fail(s->fn, call->loc, GJ_ERR_CALL_CONVERT, i, code->name, gj_known_text(s->fn->arena, a[i - 1]), first->arg[i - 1]->name);
}

/* The argument as a signature has it. What is better known than that stays so: arrays, functions, and whether there is a value. */
static gj_known declared_as(const gj_type *t, gj_known v)
{
	if (t->kind == GJ_OPTIONAL && v.type->kind != GJ_OPTIONAL)
		return v.type == gj_t_none ? v : declared_as(t->elem, v);
	return t->kind == GJ_ARRAY || t->kind == GJ_FUNCTION ? v : gj_just(gj_in_spaces_of(t, v.type));
}

/* What **kwargs of the callee takes. */
uint32_t gj_call_named_rest(gj_arena *arena, const gj_op *call, const gj_code *code, gj_ref **arg, const char ***name)
{
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, n = 0;
	*arg = gj_new(arena, gj_ref, nkw + 1);
	*name = gj_new(arena, const char *, nkw + 1);
	for (uint32_t k = 0; k < nkw; k++)
		if (parameter_named(code, call->imm.kw->name[k]) < 0) {
			(*arg)[n] = call->arg[call->nargs - nkw + k];
			(*name)[n++] = call->imm.kw->name[k];
		}
	return n;
}

/* Types of an explicit signature replace those of the call: the values are converted. */
static void apply_signature(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t n, gj_known *a)
{
	const gj_declared *sig = signature(s, call, code, n, a);
	for (uint32_t i = 0; sig && i < n; i++)
		a[i] = declared_as(sig->arg[i], a[i]);
}

uint32_t gj_call_args(const gj_inst *s, gj_ref r, const gj_code *code, gj_known *a, gj_ref *from)
{
	const gj_op *call = gj_o(s->fn, r);
	gj_known f = gj_value(s, call->arg[0]);
	uint32_t n = (uint32_t)(code->nargs + code->nkwonly);
	check_call(s, call, code);
	for (uint32_t i = 0; i < n; i++) {
		from[i] = bind_param(s, call, code, i);
		a[i] = from[i] >= GJ_HELD ? held_item(f, from[i] - GJ_HELD) : from[i] ? gj_known_at(s, call->block, from[i]) : default_of(s, call, code, i);
		if (!a[i].type)
			return UINT32_MAX;
	}
	if (code->flags & GJ_CO_VARARGS) {
		const gj_ref *rest;
		uint32_t nrest = gj_call_rest(call, code, &rest);
		from[n] = GJ_REST;
		a[n] = gj_known_tuple(s, call, nrest, rest);
		if (!a[n++].type)
			return UINT32_MAX;
	}
	if (code->flags & GJ_CO_VARKEYWORDS) {
		gj_ref *rest;
		const char **name;
		uint32_t nrest = gj_call_named_rest(s->fn->arena, call, code, &rest, &name);
		from[n] = GJ_REST_NAMED;
		a[n] = gj_as_dict(s->fn->arena, gj_known_tuple(s, call, nrest, rest), name);
		if (!a[n++].type)
			return UINT32_MAX;
	}
	apply_signature(s, call, code, n, a);
	for (uint32_t i = 0; held_items(f) && i < (uint32_t)code->nfree; i++) {
		from[n] = GJ_HELD + i;
		a[n++] = held_item(f, i);
	}
	return n;
}

/* What a ufunc that is called for each element is given of these operands. */
static gj_known *elements_of(const gj_inst *s, uint32_t n, const gj_known *a)
{
	gj_known *x = gj_new(s->fn->arena, gj_known, n + 1);
	const gj_type **as = gj_new(s->fn->arena, const gj_type *, n + 1), **t = gj_new(s->fn->arena, const gj_type *, n + 1);
	bool *weak = gj_new(s->fn->arena, bool, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		t[i] = gj_element_of(a[i].type);
		weak[i] = gj_is_scalar(a[i].type);
		if (!t[i])
			return (gj_known *)a;
	}
	gj_rule_fused("equal", n, t, weak, as);                                    /* Python's numbers take the arrays' type */
	for (uint32_t i = 0; i < n; i++)
		x[i] = gj_just(weak[i] ? as[i] : t[i]);
	return x;
}

/* The elements that it gives, each of the shape of all operands together. */
static gj_known each(const gj_inst *s, const gj_op *call, uint32_t n, const gj_known *a, const gj_type *ret)
{
	uint64_t arguments;
	int ndim;
	gj_fused_shape(s->fn, call->loc, n, a, &ndim, &arguments);
	if (!ret || ret->kind != GJ_TUPLE)
		return gj_just(!ret ? NULL : gj_is_scalar(ret) ? gj_element_type(ret, ndim, arguments) : ret);
	const gj_type **item = gj_new(s->fn->arena, const gj_type *, ret->n + 1);
	for (uint32_t i = 0; i < ret->n; i++)
		item[i] = gj_is_scalar(ret->item[i]) ? gj_element_type(ret->item[i], ndim, arguments) : ret->item[i];
	return gj_just(gj_tuple_type(item, ret->n));
}

/* The same in functions that are typed as they stand. */
static gj_known *items_of(const gj_inst *s, uint32_t n, const gj_known *a)
{
	gj_known *x = gj_new(s->fn->arena, gj_known, n + 1);
	for (uint32_t i = 0; i < n; i++)
		x[i] = gj_has_elements(a[i].type) ? gj_just(a[i].type->elem) : a[i];
	return x;
}

bool gj_calls_each(const gj_inst *s, gj_ref call, uint32_t n, const gj_known *a)
{
	const gj_obj *fn = s->konst[gj_o(s->fn, call)->arg[0]];
	bool any = false;
	for (uint32_t i = 0; i < n; i++)
		any |= gj_has_elements(a[i].type);
	return any && !s->fn->numpy && fn->kind == GJ_OBJ_FUNCTION && fn->i == GJ_CALL_UFUNC;
}

/* What a ufunc gives of arrays: an array of its own. */
static gj_known all_elements(const gj_inst *s, const gj_op *call, const gj_code *code, uint32_t n, const gj_known *a, const gj_type *ret)
{
	int ndim = 0;
	if (!s->fn->memory)
		gj_fail(s->fn, call->loc, GJ_ERR_UFUNC_ARRAYS, code->name);
	if (ret && !gj_is_scalar(ret))
		gj_fail(s->fn, call->loc, GJ_ERR_UFUNC_SEVERAL, code->name, ret->name);
	for (uint32_t i = 0; i < n; i++)
		ndim = gj_has_elements(a[i].type) && a[i].type->ndim > ndim ? a[i].type->ndim : ndim;
	return gj_just(ret ? gj_array_type(ret, ndim, 'C', false, GJ_COUNTED) : NULL);
}

/* Numbers as the elements of a fused function's arguments. */
static void as_elements(const gj_obj *fn, uint32_t n, gj_known *a)
{
	int64_t ndim;
	for (uint32_t i = 0; i < n; i++) {
		a[i].konst = NULL;
		if (gj_obj_is_int(fn->item[i], &ndim) && ndim >= 0 && gj_is_scalar(a[i].type))
			a[i].type = gj_element_type(a[i].type, (int)ndim, (uint64_t)1 << i);
	}
}

/* What it gives of them: elements, and what is to be reduced (of several numbers: as a tuple), as numbers. */
static const gj_type *numbers(const gj_inst *s, const gj_type *t)
{
	if (t->kind == GJ_REDUCED && t->n == 1)
		return t->item[0]->elem;
	if (t->kind != GJ_TUPLE && t->kind != GJ_REDUCED)
		return t->kind == GJ_ELEMENT ? t->elem : t;
	const gj_type **item = gj_new(s->fn->arena, const gj_type *, t->n + 1);
	for (uint32_t i = 0; i < t->n; i++)
		item[i] = numbers(s, t->item[i]);
	return gj_tuple_type(item, t->n);
}

/* A generator is a constant whose value at run time is the tuple of its arguments and of what it captures. */
static gj_known generator(gj_inst *s, const gj_code *code, uint32_t n, const gj_known *a)
{
	gj_obj *g = gj_new(s->fn->arena, gj_obj, 1);
	const gj_obj **k = gj_new(s->fn->arena, const gj_obj *, n + 1);
	const gj_type **t = gj_new(s->fn->arena, const gj_type *, n + 1);
	for (uint32_t i = 0; i < n; i++)
		t[i] = a[i].type, k[i] = a[i].konst;
	*g = (gj_obj){ .kind = GJ_OBJ_GENERATOR, .code = code, .n = n, .item = k };
	return (gj_known){ gj_tuple_type(t, n), g };
}

gj_known gj_take_all(gj_icall *c, gj_taker taker, gj_known start)
{
	gj_inst *s = c->s;
	gj_known from = gj_value(s, c->ref[0]), *a;
	const gj_obj *g = from.konst;
	const gj_code *code = s->konst[gj_o(s->fn, c->call)->arg[0]]->code;
	uint32_t n = gj_is_generator(from) ? g->n : 1;
	a = gj_new(s->fn->arena, gj_known, n + 1);
	if (gj_is_generator(from))
		code = g->code;
	else if (!code)
		gj_bad_argument(c, 0);
	else
		a[0] = gj_known_iter(s->fn, c->loc, c->a[0]);
	for (uint32_t i = 0; gj_is_generator(from) && i < n; i++)
		a[i] = (gj_known){ from.type->item[i], g->item[i] };
	if (start.type)
		a[n++] = start;
	c->I->numpy = s->fn->numpy;
	c->I->taker = taker;
	return (s->callee[c->call] = gj_infer_function(c->I, code, n, a, s->fn, c->loc))->ret;
}

static gj_known call_function(gj_infer *I, gj_inst *s, gj_ref r, const gj_obj *fn)
{
	const gj_op *call = gj_o(s->fn, r);
	const gj_code *code = fn->code;
	uint32_t most = gj_code_params(code) + (uint32_t)code->nfree + 1;
	gj_known *a = gj_new(s->fn->arena, gj_known, most);
	gj_ref *from = gj_new(s->fn->arena, gj_ref, most);
	uint32_t n = gj_call_args(s, r, code, a, from);
	if (n == UINT32_MAX)
		return gj_just(NULL);
	if (code->flags & GJ_CO_GENERATOR && !strcmp(code->name, "<genexpr>"))
		return generator(s, code, n, a);
	gj_calling how = fn->kind == GJ_OBJ_FUNCTION ? (gj_calling)fn->i : GJ_CALL_PLAIN;
	bool fused = how == GJ_CALL_FUSED && !s->fn->numpy && n == fn->n, elementwise = how == GJ_CALL_UFUNC && s->fn->numpy;
	bool all = gj_calls_each(s, r, n, a);
	gj_known *given = a;
	if (elementwise)
		a = elements_of(s, n, a);
	if (all)
		a = items_of(s, n, a);
	if (fused)
		as_elements(fn, n, a);
	I->numpy = fused || (s->fn->numpy && !elementwise);
	gj_inst *callee = s->callee[r] = gj_infer_function(I, code, n, a, s->fn, call->loc);
	if (all)
		return all_elements(s, call, code, n, given, callee->ret.type);
	if (elementwise)
		return each(s, call, n, given, callee->ret.type);
	if (fused)
		return gj_just(callee->ret.type ? numbers(s, callee->ret.type) : NULL);
	const gj_declared *sig = signature(s, call, code, gj_code_params(code), a);
	const gj_type *declared = sig ? sig->ret : NULL, *ret = declared && callee->ret.type ? gj_in_spaces_of(declared, callee->ret.type) : declared;
	if (!ret || ret == callee->ret.type)
		return callee->ret;
	if (callee->ret.type && !gj_can_convert(callee->ret.type, declared))
		gj_fail(s->fn, call->loc, GJ_ERR_RETURN_CONVERT, code->name, callee->ret.type->name, declared->name);
	return gj_just(ret);
}

/* A function that is compiled elsewhere gives what its signature says. */
static gj_known call_extern(gj_inst *s, gj_ref r, const gj_code *code)
{
	gj_known *a = gj_new(s->fn->arena, gj_known, gj_code_params(code) + 1);
	gj_ref *from = gj_new(s->fn->arena, gj_ref, gj_code_params(code) + 1);
	return gj_just(gj_call_args(s, r, code, a, from) == UINT32_MAX ? NULL : code->declared->ret);
}

/* -- Named functions ------------------------------------------------------------------------------------------------ */

static gj_known call_named(gj_infer *I, gj_inst *s, gj_ref r, const char *name)
{
	const gj_op *call = gj_o(s->fn, r);
	const gj_name *row = gj_name_find(name);
	int slot[GJ_MAX_CALL];
	gj_icall c = { .I = I, .s = s, .row = row, .name = name, .loc = call->loc, .call = r };
	if (!row)
		gj_refuse_opaque(s->fn, call->loc, gj_value(s, call->arg[0]));
	if (!row || !row->params || (gj_is_method(row) && gj_o(s->fn, call->arg[0])->op != GJ_ATTR))
		gj_fail(s->fn, call->loc, GJ_ERR_UNKNOWN_FUNCTION, gj_shown(name));
	c.n = gj_bind_row(s->fn, call, row, name, slot);
	for (uint32_t i = 0; i < c.n; i++) {
		if (slot[i] < 0)
			continue;
		c.ref[i] = gj_slot_ref(s->fn, call, slot[i]);
		gj_known v = gj_value(s, c.ref[i]);
		c.a[i] = gj_known_wide(s->fn->arena, gj_keeps_none(row) ? gj_known_asked(v) : gj_known_seen(v));
		if (!c.a[i].type)
			return gj_just(NULL);
	}
	return gj_infer_name(&c);
}

/* Of numbers, and of vectors of the same numbers, that are as many together. */
static gj_known construct_vector(gj_inst *s, const gj_op *call, const gj_type *to)
{
	uint32_t n = 0;
	for (uint32_t i = 1; i < call->nargs; i++) {
		gj_known a = gj_known_seen(gj_value(s, call->arg[i]));
		if (!a.type)
			return gj_just(NULL);
		bool part = a.type->kind == GJ_VECTOR && a.type->elem == to->elem, number = gj_is_scalar(a.type) && !gj_is_complex(a.type);
		if (!part && !number)
			gj_fail(s->fn, call->loc, GJ_ERR_CONVERT, gj_known_text(s->fn->arena, a), to->name);
		n += part ? a.type->n : 1;
	}
	if (n != to->n)
		gj_fail(s->fn, call->loc, GJ_ERR_VECTOR_PARTS, to->name, to->n, to->elem->name, n);
	return gj_just(to);
}

static gj_known construct(gj_inst *s, const gj_op *call, const gj_type *to)
{
	if (to->kind == GJ_VECTOR)
		return construct_vector(s, call, to);
	if (!gj_is_scalar(to) && !gj_is_float8(to))
		gj_fail(s->fn, call->loc, GJ_ERR_NOT_CALLABLE, to->name);
	gj_known a = call->nargs == 2 ? gj_known_wide(s->fn->arena, gj_known_seen(gj_value(s, call->arg[1]))) : gj_just(gj_wide(to));
	if (call->nargs > 2)
		gj_fail(s->fn, call->loc, GJ_ERR_ARG_COUNT, to->name, "one argument", call->nargs - 1);
	if (!a.type)
		return gj_just(NULL);
	if (s->fn->numpy && gj_element_of(a.type))
		return gj_known_fused(s->fn, call->loc, "array.astype", to, 1, &a);
	if (!gj_is_scalar(a.type) || (gj_is_complex(a.type) && !gj_is_complex(to) && !gj_is_bool(to)))
		gj_fail(s->fn, call->loc, GJ_ERR_CONVERT, gj_known_text(s->fn->arena, a), to->name);
	int64_t x;
	bool exact = to->kind == GJ_I64 && gj_obj_is_int(a.konst, &x);
	return (gj_known){ to, exact ? gj_obj_int(s->fn->arena, x) : NULL };
}

bool gj_is_dict_call(const gj_op *call, const gj_obj *f)
{
	return !strcmp(f->name, "builtins.dict") && call->nargs == 1 + (call->imm.kw ? call->imm.kw->n : 0);
}

/* dict(x=1) */
static gj_known make_dict(const gj_inst *s, const gj_op *call)
{
	return gj_as_dict(s->fn->arena, gj_known_tuple(s, call, call->nargs - 1, call->arg + 1), call->imm.kw ? call->imm.kw->name : NULL);
}

/* A class of named tuples makes one. */
static gj_known make_named(gj_inst *s, gj_ref r, const gj_obj *class)
{
	gj_known *a = gj_new(s->fn->arena, gj_known, class->fields->n + 1);
	gj_ref *from = gj_new(s->fn->arena, gj_ref, class->fields->n + 1);
	uint32_t n = gj_call_args(s, r, class->code, a, from);
	return n == UINT32_MAX ? gj_just(NULL) : gj_known_items(s->fn, gj_o(s->fn, r)->loc, class->fields, n, a);
}

/* A method that is a function gets what it is called on as its first argument, once. */
static void bind_method(gj_inst *s, gj_op *call)
{
	const gj_op *callee = gj_o(s->fn, call->arg[0]);
	const gj_obj *f = s->konst[call->arg[0]];
	bool function = f && (f->kind == GJ_OBJ_FUNCTION || f->kind == GJ_OBJ_OVERLOADED);
	const gj_type *of = callee->op == GJ_ATTR && function && !call->sub ? gj_o(s->fn, callee->arg[0])->type : NULL;
	if (!of || (of->kind != GJ_ARRAY && of->kind != GJ_ELEMENT && !gj_is_numpy_generator(of) && !gj_is_slice(of) && f->kind != GJ_OBJ_OVERLOADED))
		return;
	gj_ref *arg = gj_new(s->fn->arena, gj_ref, call->nargs + 1);
	arg[0] = call->arg[0];
	arg[1] = callee->arg[0];
	memcpy(arg + 2, call->arg + 1, (call->nargs - 1) * sizeof *arg);
	call->arg = arg;
	call->nargs++;
	call->sub = 1;
}

/* The call of function f. */
static gj_known call_of(gj_infer *I, gj_inst *s, gj_ref r, gj_known f)
{
	const gj_op *call = gj_o(s->fn, r);
	if (f.konst && f.konst->kind == GJ_OBJ_OVERLOADED && !(f.konst = gj_known_implementation(s, r, f.konst)))
		return gj_just(NULL);
	switch (f.konst ? f.konst->kind : GJ_OBJ_OPAQUE) {
	case GJ_OBJ_NAME:     return gj_is_dict_call(call, f.konst) ? make_dict(s, call) : call_named(I, s, r, f.konst->name);
	case GJ_OBJ_TYPE:     return construct(s, call, f.konst->type);
	case GJ_OBJ_EXTERN:   return call_extern(s, r, f.konst->code);
	case GJ_OBJ_FUNCTION: case GJ_OBJ_CODE: return call_function(I, s, r, f.konst);
	default:
		if (f.konst && f.konst->fields && f.konst->code)
			return make_named(s, r, f.konst);
		gj_refuse_opaque(s->fn, call->loc, f);
		gj_fail(s->fn, call->loc, GJ_ERR_NOT_CALLABLE, gj_known_text(s->fn->arena, f));
	}
}

/* What calls give together. */
static gj_known join(const gj_inst *s, const gj_op *call, gj_known a, gj_known b)
{
	gj_known both;
	if (!a.type || !b.type)
		return a.type ? a : b;
	if (gj_known_either(s->fn->arena, a, b, &both))
		return both;
	both = (gj_known){ gj_unify(a.type, b.type), gj_obj_meet(s->fn->arena, a.konst, b.konst) };
	if (!both.type || gj_is_lost(both))
		gj_fail(s->fn, call->loc, GJ_ERR_PICKED, gj_known_text(s->fn->arena, a), gj_known_text(s->fn->arena, b));
	return both.type->kind == GJ_TUPLE || both.type->kind == GJ_PICKED ? both : gj_just(both.type);
}

/* A call of each function that it may be, of which one is made. */
static gj_known call_picked(gj_infer *I, gj_inst *s, gj_ref r)
{
	const gj_op *call = gj_o(s->fn, r);
	const gj_obj *all = s->konst[call->arg[0]];
	gj_known joint = { 0 };
	gj_picks *p = gj_new(s->fn->arena, gj_picks, 1);
	*p = (gj_picks){ all->n, gj_new(s->fn->arena, gj_pick, all->n) };
	for (uint32_t i = 0; i < all->n; i++) {
		s->callee[r] = NULL;
		gj_known v = call_of(I, s, r, (gj_known){ gj_static_type(NULL, "function"), all->item[i] });
		if (v.type && v.type->kind == GJ_EXPRESSION && s->fn->memory)
			v = gj_just(gj_array_type(v.type->elem, v.type->ndim, 'C', false, GJ_COUNTED));
		p->pick[i] = (gj_pick){ all->item[i], s->callee[r], v };
		joint = join(s, call, joint, v);
	}
	s->callee[r] = NULL;
	s->picks[r] = p;
	return joint;
}

gj_known gj_known_call(gj_infer *I, gj_inst *s, gj_ref r)
{
	bind_method(s, gj_o(s->fn, r));
	gj_known f = gj_value(s, gj_o(s->fn, r)->arg[0]);
	gj_refuse_unbound(s, gj_o(s->fn, r), false);
	if (!f.type)
		return gj_just(NULL);
	return f.type->kind == GJ_PICKED ? call_picked(I, s, r) : call_of(I, s, r, f);
}
