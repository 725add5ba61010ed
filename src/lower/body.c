/* Lowering, the engine: bodies, blocks, phis, calls. One body's H blocks become low blocks; terminators and
 * phi operands come last, when every block's code (with whatever it inlined) is there. */
#include "lower/lower.h"
#include "base/interrupt.h"
#include "ir/walk.h"

#include <stdio.h>
#include <string.h>

/* Beyond: a function of its own. The budget is for all functions of a kernel together, of Python's operations: each becomes two or
 * three. */
enum { INLINE_BUDGET = 15000, INLINE_SMALL = 40, INLINE_DEPTH = 48 };

static gj_lv lower_body(gj_lower *, gj_inst *, gj_lv *args, bool inlined);

/* -- One operation ----------------------------------------------------------------------------------------------------- */

static gj_lv use(gj_body *B, gj_ref r)
{
	if (!B->val[r].type)                                                       /* an undefined variable that a phi may read */
		return (gj_lv){ gj_t_none, NULL, NULL };
	return B->val[r];
}

/* The same where None is a mistake. */
static gj_lv use_value(gj_body *B, gj_ref r) { return gj_lpresent(B, r, use(B, r)); }

static uint32_t low_loc(gj_body *B, uint32_t loc)
{
	if (B->loc[loc] == UINT32_MAX) {
		const gj_loc *l = &B->s->fn->loc.p[loc];
		B->loc[loc] = gj_loc_add(B->L->fn, l->code, l->pos, B->up);
	}
	return B->loc[loc];
}

static gj_fn *function_of(gj_lower *, gj_inst *);

/* `large`: its code in several places would be too much, which LLVM, looking at one call at a time, cannot know. */
static gj_lv call_out(gj_lower *L, gj_inst *s, const gj_lv *args, bool large)
{
	gj_fn *f = function_of(L, s);
	f->apart |= large && f->called;
	f->called = true;
	GJ_VEC(gj_ref) flat = { 0 };
	for (uint32_t i = 0; i < s->nargs; i++)
		for (uint32_t k = 0, parts = gj_parts(s->arg[i].type); k < parts; k++)
			gj_push(L->arena, &flat, args[i].part[k]);
	const gj_type *first = gj_parts(s->ret.type) ? gj_part_of(s->ret.type, 0).type : gj_t_none;
	first = f->tells && f->nresults == 1 ? gj_bool() : first;
	gj_ref *p, call = gj_e(L, GJ_FCALL, first, flat.n, flat.p);
	gj_o(L->fn, call)->imm.fn = f;
	if (f->tells) {
		uint32_t on = gj_block_new(L->fn), off = gj_block_new(L->fn);
		gj_ref raised = gj_e1(L, GJ_RESULT, gj_bool(), call);
		gj_o(L->fn, raised)->imm.i = f->nresults - 1;
		gj_branch(L, raised, off, on);
		L->cur = off;
		gj_lraise_on(L);
		L->cur = on;
	}
	gj_lv v = gj_lv_new(L, s->ret.type, &p);
	for (uint32_t i = 0, parts = gj_parts(s->ret.type); i < parts; i++) {
		p[i] = gj_e1(L, GJ_RESULT, gj_part_of(s->ret.type, i).type, call);
		gj_o(L->fn, p[i])->imm.i = i;
	}
	return v;
}

/* Of n items, behind which there is None. */
static gj_lv make_tuple(gj_body *B, const gj_type *t, uint32_t n, const gj_ref *item)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(B->L, t, &p);
	for (uint32_t i = 0; i < n; i++) {
		gj_lv x = gj_lconv(B->L, (t->item[i]->kind == GJ_OPTIONAL ? use : use_value)(B, item[i]), t->item[i]);
		for (uint32_t k = 0, parts = gj_parts(x.type); k < parts; k++)
			*p++ = x.part[k];
	}
	return v;
}

static gj_lv rest_tuple(gj_body *B, const gj_op *call, const gj_code *code, const gj_type *t, bool named)
{
	const gj_ref *rest;
	gj_ref *keyword;
	const char **name;
	if (named)
		gj_call_named_rest(B->L->arena, call, code, &keyword, &name);
	else
		gj_call_rest(call, code, &rest);
	return make_tuple(B, t, t->n, named ? keyword : rest);
}

/* Parameter i of a call of code c, as gj_call_args bound it to `from`. */
static gj_lv argument(gj_body *B, const gj_op *call, const gj_code *c, uint32_t i, gj_known a, gj_ref from)
{
	gj_lower *L = B->L;
	if (from >= GJ_HELD)
		return gj_lv_item(L, use(B, call->arg[0]), from - GJ_HELD);
	if (from == GJ_REST || from == GJ_REST_NAMED)
		return rest_tuple(B, call, c, a.type, from == GJ_REST_NAMED);
	if (from)
		return use(B, from);
	const gj_obj *given = i < (uint32_t)c->nargs ? c->defaults[i + (uint32_t)c->ndefaults - (uint32_t)c->nargs]
	                                             : c->kwdefaults[i - (uint32_t)c->nargs];
	return gj_lv_obj(L, a.konst ? gj_known_of(L->fn, L->loc, a.konst).type : a.type, a.konst ? a.konst : given);
}

/* The call of an instance, in place or as a function of its own. */
static gj_lv run(gj_body *B, const gj_type *as, gj_inst *callee, gj_lv *args)
{
	gj_lower *L = B->L;
	uint32_t loc = L->loc;
	L->fn->no_fma |= callee->fn->numpy && !L->M->options->fastmath;            /* as NumPy rounds */
	bool large = !L->counted && callee->size > INLINE_SMALL && L->M->inlined + callee->size > INLINE_BUDGET;
	bool out = callee->recursive || (large && !callee->makes) || L->depth > INLINE_DEPTH, counted = L->counted;
	if (out && callee->makes)
		gj_lfail(L, GJ_ERR_RETURN_LOCAL, callee->code->name);
	L->M->inlined += out || counted ? 0 : callee->size;
	L->counted = !out;
	gj_lv v = out ? call_out(L, callee, args, large) : lower_body(L, callee, args, true);
	L->counted = counted;
	L->loc = loc;
	v.konst = v.konst ? v.konst : callee->ret.konst;
	return gj_lconv(L, v, as);
}

/* A ufunc that is called on arrays, and one element of its result. */
typedef struct each { gj_body *B; gj_inst *callee; gj_lv *operand; } each;

static gj_lv run_each(gj_lower *L, gj_lv target, const gj_ref *at, void *arg)
{
	each *e = arg;
	gj_lv *x = gj_new(L->arena, gj_lv, e->callee->nargs + 1);
	for (uint32_t i = 0; i < e->callee->nargs; i++)
		x[i] = gj_lconv(L, gj_lbroadcast(L, target, e->operand[i], at), e->callee->arg[i].type);
	return run(e->B, target.type->elem, e->callee, x);
}

static gj_lv call_function(gj_body *B, gj_ref r, gj_inst *callee)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	gj_known *a = gj_new(L->arena, gj_known, callee->nargs + 1);
	gj_ref *from = gj_new(L->arena, gj_ref, callee->nargs + 1);
	gj_lv *args = gj_new(L->arena, gj_lv, callee->nargs + 1);
	gj_call_args(B->s, r, callee->code, a, from);
	bool elements = gj_calls_each(B->s, r, callee->nargs, a);
	for (uint32_t i = 0; i < callee->nargs; i++) {
		gj_lv x = argument(B, o, callee->code, i, a[i], from[i]);
		if (callee->arg[i].type->kind != GJ_OPTIONAL && from[i] && from[i] < GJ_REST)
			x = gj_lpresent(B, from[i], x);
		args[i] = elements ? x : gj_lconv(L, x, callee->arg[i].type);
	}
	if (elements)
		return gj_lcomputed_by(L, o->type, callee->nargs, args, run_each, &(each){ B, callee, args });
	return run(B, o->type, callee, args);
}

/* All items of a generator, or of an iterable in its place, to what takes them. */
static gj_lv take_all(gj_body *B, gj_ref r, const gj_name *row, gj_inst *callee)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	int slot[GJ_MAX_CALL];
	gj_bind_row(B->s->fn, o, row, row->name, slot);
	gj_ref over = gj_slot_ref(B->s->fn, o, slot[0]);
	gj_lv v = use(B, over), *args = gj_new(L->arena, gj_lv, callee->nargs + 1);
	uint32_t n = callee->nargs - (callee->reading.taker == GJ_TAKE_SUM);
	bool generator = gj_is_generator(gj_value(B->s, over));
	for (uint32_t i = 0; i < n; i++)
		args[i] = gj_lconv(L, generator ? gj_lv_item(L, v, i) : gj_liter(L, v, callee->arg[i].type), callee->arg[i].type);
	if (n < callee->nargs)
		args[n] = slot[1] >= 0 ? use(B, gj_slot_ref(B->s->fn, o, slot[1])) : gj_lv_scalar(L, gj_i64(), gj_eint(L, gj_i64(), 0));
	return run(B, o->type, callee, args);
}

/* A generator expression: what its code needs, for who takes its items. */
static gj_lv generator(gj_body *B, gj_ref r)
{
	const gj_op *o = gj_o(B->s->fn, r);
	const gj_obj *g = B->s->konst[r];
	gj_known *a = gj_new(B->L->arena, gj_known, g->n + 1);
	gj_ref *from = gj_new(B->L->arena, gj_ref, g->n + 1), *p;
	gj_lv v = gj_lv_new(B->L, o->type, &p);
	gj_call_args(B->s, r, g->code, a, from);
	for (uint32_t i = 0; i < g->n; i++)
		p = gj_append(p, gj_lconv(B->L, argument(B, o, g->code, i, a[i], from[i]), o->type->item[i]));
	return v;
}

/* A result of several parts lies in memory, as the callee has written it. */
static gj_lv extern_result(gj_lower *L, const gj_type *t, gj_ref slot)
{
	gj_ref *p;
	gj_lv v = gj_lv_new(L, t, &p);
	for (uint32_t i = 0, n = gj_parts(t); i < n; i++) {
		gj_part part = gj_part_of(t, i);
		const gj_type *in_memory = part.type->kind == GJ_PTR ? gj_i64() : part.type;
		gj_ref at = gj_e2(L, GJ_BYTES, gj_ptr_type(in_memory, GJ_GENERIC), slot, gj_eint(L, gj_i64(), part.offset));
		p[i] = gj_e1(L, GJ_LOAD, in_memory, at);
		if (in_memory != part.type)
			p[i] = gj_e1(L, GJ_BITCAST, part.type, p[i]);
	}
	return v;
}

/* Whatever it is given by address may lie in any memory. */
static gj_lv call_extern(gj_body *B, gj_ref r, const gj_obj *fn)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	const gj_code *c = fn->code;
	const gj_type *ret = c->declared->ret;
	uint32_t n = (uint32_t)c->nargs;
	gj_known *a = gj_new(L->arena, gj_known, n + 1);
	gj_ref *from = gj_new(L->arena, gj_ref, n + 1), slot = 0;
	GJ_VEC(gj_ref) flat = { 0 };
	gj_call_args(B->s, r, c, a, from);
	if (ret != gj_t_none) {
		slot = gj_e(L, GJ_LOCALMEM, gj_ptr_type(gj_i64(), GJ_GENERIC), 0, NULL);
		gj_o(L->fn, slot)->imm.i = ret->kind == GJ_PTR ? 1 : (ret->size + 7) / 8;
		gj_push(L->arena, &flat, slot);
	}
	for (uint32_t i = 0; i < n; i++) {
		gj_lv v = argument(B, o, c, i, a[i], from[i]);
		if (a[i].type->kind != GJ_ARRAY)
			v = gj_lconv(L, v, a[i].type);
		for (uint32_t k = 0, parts = gj_parts(v.type); k < parts; k++) {
			const gj_type *t = gj_o(L->fn, v.part[k])->type;
			gj_push(L->arena, &flat, t->kind == GJ_PTR ? gj_ecast(L, v.part[k], gj_ptr_type(t->elem, GJ_GENERIC)) : v.part[k]);
		}
	}
	gj_o(L->fn, gj_e(L, GJ_EXTERN, NULL, flat.n, flat.p))->imm.obj = fn;
	return slot ? extern_result(L, ret, slot) : gj_lv_none();
}

/* What a class of named tuples makes. */
static gj_lv make_named(gj_body *B, gj_ref r, const gj_code *class)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	gj_known *a = gj_new(L->arena, gj_known, o->type->n + 1);
	gj_ref *from = gj_new(L->arena, gj_ref, o->type->n + 1), *p;
	gj_lv v = gj_lv_new(L, o->type, &p);
	gj_call_args(B->s, r, class, a, from);
	for (uint32_t i = 0; i < o->type->n; i++)
		p = gj_append(p, gj_lconv(L, argument(B, o, class, i, a[i], from[i]), o->type->item[i]));
	return v;
}

/* How many of the arguments are operands of the function for each element: not `out`, nor a dtype. */
static uint32_t operands(const gj_name *row, uint32_t n)
{
	return gj_is_ufunc(row) ? n - 1 : !strcmp(row->name, "array.astype") ? 1 : n;
}

static gj_lv call_named(gj_body *B, gj_ref r, const gj_name *row, const char *name)
{
	const gj_op *o = gj_o(B->s->fn, r);
	gj_lcall c = { .L = B->L, .B = B, .op = o, .ref = r, .row = row, .name = name, .type = o->type };
	if (row->params) {
		int slot[GJ_MAX_CALL];
		c.n = gj_bind_row(B->s->fn, o, row, name, slot);
		for (uint32_t i = 0; i < c.n; i++)
			if (slot[i] >= 0)
				c.a[i] = gj_lwide(B->L, (gj_keeps_none(row) ? use : use_value)(B, gj_slot_ref(B->s->fn, o, slot[i])));
	}
	if (o->type && o->type->kind == GJ_EXPRESSION)
		return gj_lexpression(B->L, o->type, c.a);
	if (o->type && o->type->kind == GJ_ARRAY && gj_takes_expressions(row) && !gj_is_reduction(row) && gj_is_fresh(B->s, r))
		return gj_lcomputed(B->L, gj_is_ufunc(row) || strcmp(row->name, "builtins.abs") ? row->name : "np.absolute", o->type, operands(row, c.n), c.a);
	if (o->type && o->type->kind == GJ_ELEMENT && gj_is_ufunc(row))
		return gj_lfused(B->L, row->name, o->type, c.n - 1, c.a);
	if (gj_is_ufunc(row) && c.a[c.n - 1].type && c.a[c.n - 1].type != gj_t_none)
		return gj_lelementwise(&c);
	c.n -= gj_is_ufunc(row);
	gj_lv v = gj_lower_name(&c);
	return v.type == o->type || !gj_is_scalar(o->type) ? v : gj_lconv(B->L, v, o->type);
}

static gj_lv call(gj_body *B, gj_ref r)
{
	const gj_op *o = gj_o(B->s->fn, r);
	const gj_obj *f = B->s->konst[o->arg[0]];
	if (B->s->picks[r])
		return gj_lpicked_call(B, r, use(B, o->arg[0]), call);
	if (B->s->konst[r] && B->s->konst[r]->kind == GJ_OBJ_GENERATOR)
		return generator(B, r);
	if (B->s->callee[r] && f->kind == GJ_OBJ_NAME)
		return take_all(B, r, gj_name_find(f->name), B->s->callee[r]);
	if (B->s->callee[r])
		return call_function(B, r, B->s->callee[r]);
	if (f->kind == GJ_OBJ_EXTERN)
		return call_extern(B, r, f);
	if (f->kind == GJ_OBJ_NAME && gj_is_dict_call(o, f))
		return make_tuple(B, o->type, o->type->n, o->arg + 1);
	if (f->kind == GJ_OBJ_NAME)
		return call_named(B, r, gj_name_find(f->name), f->name);
	if (f->fields)
		return make_named(B, r, f->code);
	if (o->type->kind == GJ_VECTOR) {
		gj_lv *from = gj_new(B->L->arena, gj_lv, o->nargs);
		for (uint32_t i = 1; i < o->nargs; i++)
			from[i - 1] = use_value(B, o->arg[i]);
		return gj_lvector(B->L, o->type, o->nargs - 1, from);
	}
	if (o->nargs == 1)                                                         /* a type as constructor */
		return gj_lconv(B->L, gj_lv_scalar(B->L, gj_bool(), gj_eint(B->L, gj_bool(), 0)), o->type);
	gj_lv a = gj_lwide(B->L, use_value(B, o->arg[1]));
	if (o->type->kind == GJ_ELEMENT)
		return gj_lfused(B->L, "array.astype", o->type, 1, &a);
	return gj_is_bool(o->type) ? gj_lv_scalar(B->L, o->type, gj_ltruth(B->L, a)) : gj_lconv(B->L, a, o->type);
}

/* What debuggers show of a variable: numbers, and the parts of arrays. */
static void lower_stored(gj_lower *L, const char *name, gj_lv v)
{
	bool shown = v.type && (gj_is_scalar(v.type) || v.type->kind == GJ_ARRAY);
	for (uint32_t i = 0, n = shown ? gj_parts(v.type) : 0; i < n; i++) {
		gj_part p = gj_part_of(v.type, i);
		bool dimension = p.field == GJ_FIELD_SHAPE || p.field == GJ_FIELD_STRIDE;
		if (p.field == GJ_FIELD_OWNER)
			continue;
		gj_op *o = gj_o(L->fn, gj_e1(L, GJ_STORED, NULL, v.part[i]));
		o->imm.name = n == 1 ? name : gj_printf(L->arena, dimension ? "%s_%s%u" : "%s_%s", name, p.name ? p.name : "part", p.dim);
	}
}

static gj_lv lower_op(gj_body *B, gj_ref r)
{
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	bool made = o->op == GJ_MKSLICE || o->op == GJ_MKTUPLE || o->op == GJ_CLOSURE || o->op == GJ_CALL || o->op == GJ_SETITEM || o->op == GJ_STORED;
	gj_lv (*as)(gj_body *, gj_ref) = gj_takes_none(o) ? use : use_value;
	gj_lv a = o->nargs && !made ? as(B, o->arg[0]) : gj_lv_none(), b = o->nargs > 1 && !made ? as(B, o->arg[1]) : a;
	if (gj_computes(o))
		a = gj_lwide(L, a), b = gj_lwide(L, b);
	if (o->op == GJ_ITEM)
		b = gj_lwide(L, b);
	const gj_name *row;
	if (o->op == GJ_PYBIN || o->op == GJ_PYCMP || o->op == GJ_PYUN) {
		const char *ufunc = o->op == GJ_PYBIN ? gj_ufunc_of_binop(o->sub) : o->op == GJ_PYCMP ? gj_ufunc_of_cmpop(o->sub) : gj_ufunc_of_unop(o->sub);
		if (o->type->kind == GJ_EXPRESSION)
			return gj_lexpression(L, o->type, (gj_lv[]){ a, b });
		if (o->type->kind == GJ_ARRAY && !gj_is_inplace(B->s->fn, o))
			return gj_lcomputed(L, ufunc, o->type, o->nargs, (gj_lv[]){ a, b });
		if (o->type->kind == GJ_ELEMENT)
			return gj_lfused(L, ufunc, o->type, o->nargs, (gj_lv[]){ a, b });
	}
	switch (o->op) {
	case GJ_OBJ:
		return (row = gj_value_row(B->s, o)) ? call_named(B, r, row, NULL) : gj_lv_obj(L, o->type, o->imm.obj);
	case GJ_ATTR:
		if ((row = gj_value_row(B->s, o)))
			return call_named(B, r, row, NULL);
		return B->s->konst[r] && gj_item_named(a.type, o->imm.name) < 0 ? gj_lv_obj(L, o->type, B->s->konst[r]) : gj_lattr(L, o->imm.name, a, o->type);
	case GJ_ARG:
		if (L->fn->trap->variables && o->imm.i < B->s->code->nvars)    /* a generator has one that nobody wrote */
			lower_stored(L, B->s->code->var[o->imm.i], B->arg[gj_arg_index(B->s, o)]);
		return B->arg[gj_arg_index(B->s, o)];
	case GJ_ASSIGNED:
		if (!gj_is_assigned(B->s, o))
			gj_lcheck_assigned(L, use(B, o->arg[0]).part[0], o->imm.name, o->sub);
		return gj_lv_none();
	case GJ_STORED:
		lower_stored(L, o->imm.name, use(B, o->arg[0]));
		return gj_lv_none();
	case GJ_PYBIN:
		if (o->type == gj_t_str)
			return gj_lv_obj(L, o->type, B->s->konst[r]);
		return gj_is_inplace(B->s->fn, o) ? gj_linplace(L, (gj_binop)o->sub, a, b) : gj_lbinop(L, (gj_binop)o->sub, o->type, a, b);
	case GJ_PYUN:      return gj_lunary(L, (gj_unop)o->sub, o->type, a);
	case GJ_PYCMP:     return gj_lcompare(L, (gj_cmpop)o->sub, a, b);
	case GJ_IS:
		if (a.type->kind == GJ_PICKED || b.type->kind == GJ_PICKED)
			return gj_lpicked_is(L, a, b, o->sub);
		return gj_lcompare(L, o->sub ? GJ_CMP_NE : GJ_CMP_EQ, a, b);     /* of bools: the others are constants */
	case GJ_IN:        return gj_lin(L, a, b, o->sub);
	case GJ_TRUTH:     return gj_lv_scalar(L, o->type, gj_ltruth(L, a));
	case GJ_ITEM:      return (a.type->kind == GJ_STATIC || a.type == gj_t_str) && B->s->konst[r] ? gj_lv_obj(L, o->type, B->s->konst[r]) : gj_litem(B, o, a, b, o->type);
	case GJ_SETITEM:   gj_lsetitem(B, o); return gj_lv_none();
	case GJ_CALL:      return call(B, r);
	case GJ_MKTUPLE:   return make_tuple(B, o->type, o->nargs, o->arg);
	case GJ_MKSLICE:   return make_tuple(B, o->type, o->nargs, o->arg);
	case GJ_CLOSURE:   return o->nargs ? make_tuple(B, o->type, o->nargs, o->arg) : (gj_lv){ o->type, NULL, NULL };
	case GJ_UNPACK:    return gj_lunpack(L, o, a);
	case GJ_UNPACKREST: return (gj_lv){ o->type, NULL, o->type->n ? gj_lv_item(L, a, o->sub).part : NULL };
	case GJ_GETITER:   return gj_liter(L, a, o->type);
	case GJ_ITERSTART: return gj_literstart(L, a, o->type);
	case GJ_ITERHAS:   return gj_literhas(L, a, b);
	case GJ_ITERGET:   return gj_literget(L, a, b, o->type);
	case GJ_ITERNEXT:  return gj_liternext(L, a, b);
	case GJ_ITERCOUNT: return gj_lv_scalar(L, o->type, gj_litercount(L, a));
	case GJ_ITEMTYPE:  return gj_lv_obj(L, o->type, B->s->konst[r]);
	case GJ_NTHHAS:    return gj_lv_scalar(L, o->type, gj_liternthhas(L, a, (uint32_t)o->imm.i));
	case GJ_NTHGET:    return gj_liternth(L, a, (uint32_t)o->imm.i, o->type);
	case GJ_CAUGHT:    return gj_lcaught(B, r);
	case GJ_MATCHES:   return gj_lmatches(B, r);
	default:           return (gj_lv){ o->type ? o->type : gj_t_none, NULL, NULL };    /* slices: no parts */
	}
}

/* -- Bodies --------------------------------------------------------------------------------------------------------------- */

/* The variable whose values meet in a phi, as far as that is known; NULL: it is not. */
static const char *variable_of(const gj_inst *s, gj_ref phi, int depth)
{
	const gj_op *o = gj_o(s->fn, phi);
	const char *name = gj_lname_of(s, phi);
	for (uint32_t k = 0; k < o->nargs && !name && o->op == GJ_PHI && depth < 4; k++)
		name = o->arg[k] == phi ? NULL : variable_of(s, o->arg[k], depth + 1);
	return name || o->op != GJ_PHI ? name : o->imm.name;
}

static gj_lv lower_phi(gj_body *B, gj_ref r)
{
	gj_ref *p;
	gj_lower *L = B->L;
	const gj_op *o = gj_o(B->s->fn, r);
	gj_lv v = gj_lv_new(L, o->type, &p);
	const char *name = L->M->options->parallel ? variable_of(B->s, r, 0) : NULL;
	for (uint32_t i = 0, parts = gj_parts(o->type); i < parts; i++) {
		gj_part part = gj_part_of(o->type, i);
		p[i] = gj_e(L, GJ_PHI, part.type, 0, NULL);
		gj_o(L->fn, p[i])->sub = o->sub;
		gj_o(L->fn, p[i])->imm.i = part.field == GJ_FIELD_OWNER ? (int64_t)p[i] : 0;
		if (name)
			gj_push(L->arena, &L->fn->named, ((gj_named){ p[i], name }));
	}
	return v;
}

static bool folded(const gj_body *B, gj_ref r)
{
	const gj_op *o = gj_o(B->s->fn, r);
	return B->s->konst[r] && o->type && gj_is_scalar(o->type) && o->op != GJ_CALL;
}

static void lower_block(gj_body *B, uint32_t hb)
{
	gj_lower *L = B->L;
	gj_interruption_point(L->fn->trap);
	L->cur = B->entry[hb];
	B->block = hb;
	GJ_EACH_PHI(B->s->fn, hb, r) {
		const gj_op *o = gj_o(B->s->fn, r);
		L->loc = low_loc(B, o->loc);
		if (!folded(B, r))
			B->val[r] = o->type ? lower_phi(B, r) : gj_lv_none();
	}
	GJ_EACH_OP_OF(B->s->fn, hb, r) {
		const gj_op *o = gj_o(B->s->fn, r);
		if (gj_op_is(o, GJ_F_TERM))
			break;
		L->loc = low_loc(B, o->loc);
		L->place = o->op == GJ_ITERNEXT ? (uint32_t)o->imm.i : GJ_NO_PLACE;
		gj_land_for(B, hb, r);
		if (folded(B, r))
			B->val[r] = gj_lv_obj(L, o->type, B->s->konst[r]);
		else if (o->op != GJ_PHI && o->op != GJ_UNDEF && (o->type || o->op == GJ_SETITEM || o->op == GJ_STORED || o->op == GJ_ASSIGNED))
			B->val[r] = lower_op(B, r);
		B->val[r].konst = B->s->konst[r];
		gj_lrelease_behind(B, r);
	}
	B->exit[hb] = L->cur;
}

/* Operands of the phis of `to` for one edge, converted at the end of the block the edge leaves. */
static void phi_operands(gj_body *B, uint32_t to, uint32_t k, uint32_t from)
{
	gj_lower *L = B->L;
	L->cur = from;
	GJ_EACH_PHI(B->s->fn, to, r) {
		const gj_op *o = gj_o(B->s->fn, r);
		const gj_lv *v = &B->val[r];
		uint32_t n = o->type ? gj_parts(o->type) : 0;
		if (folded(B, r))
			continue;
		bool defined = gj_o(B->s->fn, o->arg[k])->type != NULL;
		L->loc = low_loc(B, o->loc);
		gj_lv x = defined && n ? use(B, o->arg[k]) : gj_lv_none();
		if (defined && n)
			x = gj_lconv(L, o->type->kind == GJ_OPTIONAL ? x : gj_linner(x), o->type);
		for (uint32_t j = 0; j < n; j++) {
			gj_op *phi = gj_o(L->fn, v->part[j]);
			bool owner = gj_part_of(o->type, j).field == GJ_FIELD_OWNER;       /* what is not defined holds nothing */
			gj_ref from_here = defined ? x.part[j] : owner ? gj_eint(L, phi->type, 0) : gj_e(L, GJ_UNDEF, phi->type, 0, NULL);
			gj_ref *args = gj_new(L->arena, gj_ref, phi->nargs + 1);
			for (uint32_t m = 0; m < phi->nargs; m++)
				args[m] = phi->arg[m];
			args[phi->nargs++] = from_here;
			phi->arg = args;
		}
	}
}

static void finish_return(gj_body *B, gj_ref t, const gj_op *o)
{
	gj_lower *L = B->L;
	gj_lv v = o->nargs ? use(B, o->arg[0]) : gj_lv_none();
	if (B->s->ret.type->kind != GJ_OPTIONAL && v.type->kind == GJ_OPTIONAL)
		v = use_value(B, o->arg[0]);
	v = gj_lconv(L, v, B->s->ret.type);
	gj_lretain(L, v);
	gj_lrelease_behind(B, t);
	if (B->inlined) {
		gj_push(L->arena, &B->ret_block, L->cur);
		gj_push(L->arena, &B->ret, v);
	} else {
		gj_ref *part = gj_new(L->arena, gj_ref, L->fn->nresults + 1);
		for (uint32_t i = 0, n = gj_parts(v.type); i < n; i++)
			part[i] = v.part[i];
		if (L->fn->tells)
			part[L->fn->nresults - 1] = gj_eint(L, gj_bool(), 0);
		gj_e(L, GJ_RETURN, NULL, L->fn->nresults, part);
	}
}

/* Nothing follows: a RAISE stays one, with its exception. */
static void end_block(gj_body *B, const gj_op *t)
{
	gj_lower *L = B->L;
	bool raises = t->op == GJ_RAISE;
	if (t->op == GJ_RERAISE) {
		gj_lreraise(B, t);
		return;
	}
	gj_lv *value = gj_new(L->arena, gj_lv, t->nargs + 1);
	for (uint32_t i = 0; raises && i < t->nargs; i++)
		value[i] = use(B, t->arg[i]);
	if (raises)
		gj_lreport_told(L, t->imm.obj, t->sub, t->nargs, value);
	gj_op *o = gj_o(L->fn, gj_e(L, raises ? GJ_RAISE : GJ_UNREACHABLE, NULL, 0, NULL));
	if (raises) {
		o->imm.obj = t->imm.obj;
		o->sub = t->sub;
	}
}

/* A block that leads to a handler, from wherever its ops have raised, and on. */
static void finish_risky(gj_body *B, uint32_t hb)
{
	gj_lower *L = B->L;
	const gj_fn *f = B->s->fn;
	const gj_bb *b = &f->bb.p[hb];
	const gj_op *t = gj_terminator(f, hb);
	uint32_t handler = (uint32_t)gj_caught_edge(f, hb);
	B->block = hb;
	L->cur = B->exit[hb];
	L->loc = low_loc(B, t->loc);
	if (t->op != GJ_TRY || !B->s->edge[2 * hb])
		end_block(B, t);
	for (uint32_t i = 0; i < b->nsucc; i++) {
		uint32_t from = i == handler ? B->caught[hb] : B->exit[hb];
		if (!B->s->edge[2 * hb + i] || (i == handler && !from))
			continue;
		phi_operands(B, b->succ[i], gj_edge_index(f, hb, i), from);
		gj_lhold_on_edge(B, hb, i);
		gj_jump(L, B->entry[b->succ[i]]);
	}
}

static void finish_block(gj_body *B, uint32_t hb)
{
	gj_lower *L = B->L;
	const gj_fn *f = B->s->fn;
	const gj_bb *b = &f->bb.p[hb];
	const gj_op *t = gj_terminator(f, hb);
	uint32_t from = B->exit[hb];
	bool taken[2] = { b->nsucc > 0 && B->s->edge[2 * hb], b->nsucc > 1 && B->s->edge[2 * hb + 1] };
	bool apart = taken[0] && taken[1] && (gj_holds_change(B, hb, 0) || gj_holds_change(B, hb, 1));
	uint32_t edge[2] = { from, from };
	gj_land_for(B, hb, b->ops.p[b->ops.n - 1]);
	if (gj_caught_edge(f, hb) >= 0) {
		finish_risky(B, hb);
		return;
	}
	for (uint32_t i = 0; i < b->nsucc; i++) {
		if (!taken[i])
			continue;
		edge[i] = apart ? gj_block_new(L->fn) : from;
		phi_operands(B, b->succ[i], gj_edge_index(f, hb, i), edge[i]);
		gj_lhold_on_edge(B, hb, i);
		if (apart)
			gj_jump(L, B->entry[b->succ[i]]);
	}
	L->cur = from;
	B->block = hb;
	L->loc = low_loc(B, t->loc);
	if (t->op == GJ_RETURN)
		finish_return(B, b->ops.p[b->ops.n - 1], t);
	else if (apart)
		gj_branch(L, use(B, t->arg[0]).part[0], edge[0], edge[1]);
	else if (taken[0] && taken[1])
		gj_branch(L, use(B, t->arg[0]).part[0], B->entry[b->succ[0]], B->entry[b->succ[1]]);
	else if (taken[0] || taken[1])
		gj_jump(L, B->entry[b->succ[taken[0] ? 0 : 1]]);
	else
		end_block(B, t);
}

/* The blocks that return run on in one block; the results meet in phis. */
static gj_lv join_returns(gj_body *B)
{
	gj_lower *L = B->L;
	uint32_t n = B->ret.n;
	const gj_type *t = B->s->ret.type;
	if (n == 1) {
		L->cur = B->ret_block.p[0];
		return B->ret.p[0];
	}
	uint32_t cont = gj_block_new(L->fn);
	for (uint32_t i = 0; i < n; i++) {
		L->cur = B->ret_block.p[i];
		gj_jump(L, cont);
	}
	L->cur = cont;
	return gj_ljoined(L, t, n, B->ret.p);
}

static gj_lv lower_body(gj_lower *L, gj_inst *s, gj_lv *args, bool inlined)
{
	gj_fn *f = s->fn;
	gj_body B = { .L = L, .s = s, .arg = args, .inlined = inlined, .up = inlined ? L->loc : 0, .outer = L->landing };
	uint32_t start = L->cur;
	bool quiet = L->quiet;
	L->quiet = s->code->divides_quietly;
	L->depth++;
	B.val = gj_new(L->arena, gj_lv, f->op.n);
	B.entry = gj_new(L->arena, uint32_t, f->bb.n);
	B.exit = gj_new(L->arena, uint32_t, f->bb.n);
	B.caught = gj_new(L->arena, uint32_t, f->bb.n);
	B.loc = gj_new(L->arena, uint32_t, f->loc.n);
	memset(B.loc, 0xff, f->loc.n * sizeof *B.loc);
	GJ_EACH_BLOCK(f, b)
		if (s->live[b])
			B.entry[b] = b == 0 ? start : gj_block_new(L->fn);
	B.holders = gj_entries[L->M->options->entry].results == GJ_RESULTS_HOST ? gj_find_holders(&B) : NULL;
	GJ_EACH_BLOCK(f, b)
		if (s->live[b])
			lower_block(&B, b);
	GJ_EACH_BLOCK(f, b)
		if (s->live[b])
			finish_block(&B, b);
	L->depth--;
	L->quiet = quiet;
	L->landing = B.outer;
	return inlined ? join_returns(&B) : gj_lv_none();
}

/* -- Functions ------------------------------------------------------------------------------------------------------------ */

static const char *symbol(gj_module *M, const char *name)
{
	char *s = (char *)gj_printf(M->arena, "gj_%s_%u", name, (unsigned)M->fn.n);
	for (char *p = s; *p; p++)
		if (!((*p | 32) >= 'a' && (*p | 32) <= 'z') && !(*p >= '0' && *p <= '9'))
			*p = '_';
	return s;
}

static gj_fn *lower_function(gj_module *M, gj_inst *s, gj_entry_kind kind)
{
	gj_fn *f = gj_fn_new(M->trap, s->code, symbol(M, s->code->name));
	gj_lower L = { .M = M, .arena = M->arena, .fn = f, .cur = gj_block_new(f) };
	uint32_t leaf = 0;
	f->low = true;
	f->entry = &gj_entries[kind];
	f->facts = M->options->facts;
	gj_push(M->arena, &M->inst, f->entry->results == GJ_RESULTS_HOST ? NULL : s);      /* that is not called from inside */
	gj_push(M->arena, &M->fn, f);
	gj_lv *args = gj_new(M->arena, gj_lv, s->nargs + 1);
	for (uint32_t i = 0; i < s->nargs; i++) {
		args[i] = (f->entry->args == GJ_ARGS_ELEMENTS ? gj_lelement_argument : gj_largument)(&L, s->arg[i].type, &leaf);
		args[i].konst = s->arg[i].konst;
	}
	if (f->entry->results == GJ_RESULTS_PARTS) {
		const gj_type **t = gj_new(M->arena, const gj_type *, gj_parts(s->ret.type) + 1);
		for (; f->nresults < gj_parts(s->ret.type); f->nresults++)
			t[f->nresults] = gj_part_of(s->ret.type, f->nresults).type;
		f->tells = M->catches;
		if (f->tells)
			t[f->nresults++] = gj_bool();
		f->result = t;
	}
	gj_ref body = f->op.n;
	if (f->tells)
		gj_land_in_caller(&L);
	bool host = f->entry->results == GJ_RESULTS_HOST, writes = host || f->entry->results == GJ_RESULTS_ELEMENTS || f->entry->results == GJ_RESULTS_FUSED;
	f->no_fma = gj_entries[M->options->entry].runner == GJ_RUN_CALL || (s->fn->numpy && !M->options->fastmath);      /* as NumPy and Python round */
	gj_lv v = host && s->recursive ? call_out(&L, s, args, false) : lower_body(&L, s, args, writes);
	if (gj_entries[M->options->entry].args == GJ_ARGS_ELEMENTS || gj_entries[M->options->entry].runner == GJ_RUN_CALL)
		gj_lelement_check(&L, body);
	if (writes) {
		(host ? gj_lhost_results : gj_lelement_results)(&L, v, leaf);
		gj_e(&L, GJ_RETURN, NULL, 0, NULL);
	}
	if (f->tells)
		gj_land_end(&L);
	gj_cfg(f);
	return f;
}

static gj_fn *function_of(gj_lower *L, gj_inst *s)
{
	for (uint32_t i = 0; i < L->M->inst.n; i++)
		if (L->M->inst.p[i] == s)
			return L->M->fn.p[i];
	return lower_function(L->M, s, GJ_ENTRY_INNER);
}

gj_fn *gj_lower_entry(gj_trap *trap, gj_inst *s, const gj_options *options)
{
	const gj_entry *entry = &gj_entries[options->entry];
	bool launched = entry->args == GJ_ARGS_LEAVES, told = launched || entry->raise == GJ_RAISE_REPORTED;         /* others have nobody to tell */
	bool host = entry->runner == GJ_RUN_CALL, debug = options->debug && !host;
	gj_module M = { .trap = trap, .arena = trap->arena, .options = options, .prints = launched,
		.reports = gj_options_report(options),
		.bounds = told && ((launched && debug) || options->boundscheck), .zeros = host ? options->zero_raises : launched && debug,
		.strict = launched && debug, .catches = s->fn->catches };
	gj_fn *f = lower_function(&M, s, options->entry);
	gj_settle_handled(&M);
	for (uint32_t i = 1; i < M.fn.n; i++)
		gj_push(M.arena, &f->callee, M.fn.p[i]);
	f->shared_bytes = M.shared_bytes;
	f->barriers = M.barriers;
	f->cooperative = M.cooperative;
	f->needs_memory = M.needs_memory;
	f->dynamic_shared = M.dynamic_shared;
	return f;
}
