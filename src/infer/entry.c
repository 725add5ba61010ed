/* Inference begins with an entry: its arguments are in the memory that its kind says, and what it returns must fit. */
#include "infer/infer.h"
#include "ir/walk.h"
#include "types/fields.h"
#include "types/record.h"

/* Where a function returns a value. */
static uint32_t value_return(const gj_inst *s)
{
	GJ_EACH_BLOCK(s->fn, b) {
		const gj_op *t = gj_terminator(s->fn, b);
		if (t->op == GJ_RETURN && t->nargs && gj_o(s->fn, t->arg[0])->type != gj_t_none)
			return t->loc;
	}
	return 0;
}

static bool has_local(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (has_local(t->item[i]))
			return true;
	return t->kind == GJ_OPTIONAL ? has_local(t->elem) : (t->kind == GJ_ARRAY || t->kind == GJ_REF) && t->space == GJ_LOCAL;
}

static bool has_optional(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (has_optional(t->item[i]))
			return true;
	return t->kind == GJ_OPTIONAL;
}

/* An inner function that nothing is bound to, no variable of the function around it, no default, or constants alone (bound below). */
static bool is_free(const gj_obj *o) { return o->kind == GJ_OBJ_CODE && (!o->n || o->attr); }

/* Objects that are the same in all calls, and there without them: functions, strings, dtypes. */
static bool is_constant(const gj_obj *o)
{
	return o && (o->kind == GJ_OBJ_FUNCTION || o->kind == GJ_OBJ_STR || o->kind == GJ_OBJ_TYPE || is_free(o));
}

/* Is there such an object in it that is not always the same, or made in the call? */
static bool varies(gj_known v)
{
	for (uint32_t i = 0; v.type->kind == GJ_TUPLE && i < v.type->n; i++)
		if (varies((gj_known){ v.type->item[i], v.konst ? v.konst->item[i] : NULL }))
			return true;
	return v.type->kind == GJ_PICKED || (v.type == gj_t_str && !v.konst) || (v.konst && v.konst->kind == GJ_OBJ_CODE && !is_free(v.konst));
}

/* Has every part of a value a type that callers know? `host`: those of functions for the host, which know values that may be None, records
 * where they lie, and constant objects. */
static bool is_value(gj_known v, bool host)
{
	const gj_type *t = gj_known_asked(v).type;
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (!is_value((gj_known){ t->item[i], v.konst ? v.konst->item[i] : NULL }, host))
			return false;
	if (t->kind == GJ_OPTIONAL)
		return host && is_value(gj_just(t->elem), host);
	if (host && is_constant(v.konst))
		return true;
	return (host && t->kind == GJ_REF) || gj_is_scalar(t) || t->kind == GJ_ARRAY || t->kind == GJ_TUPLE || t == gj_t_none;
}

/* Can it be made anew by who takes the result? */
static bool is_plain(const gj_obj *o)
{
	if (o && o->kind == GJ_OBJ_TUPLE && !o->fields) {
		for (uint32_t i = 0; i < o->n; i++)
			if (!is_plain(o->item[i]))
				return false;
		return true;
	}
	bool number = o && (o->kind == GJ_OBJ_BOOL || o->kind == GJ_OBJ_INT || o->kind == GJ_OBJ_FLOAT || o->kind == GJ_OBJ_COMPLEX);
	return number ? !o->fields && !o->big : o && (o->kind == GJ_OBJ_NONE || is_constant(o));
}

static gj_known constant_value(const gj_inst *s, gj_ref r);

/* What an inner function has captured, and its defaults, if they are all constants; of those of keyword-only parameters the names too. */
static gj_known bound(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	const gj_code *code = o->imm.obj->code;
	uint32_t nkw = o->sub ? (uint32_t)code->nkwheld : 0;
	const gj_obj **item = gj_new(s->fn->arena, const gj_obj *, o->nargs);
	const char **name = gj_new(s->fn->arena, const char *, o->nargs);
	for (uint32_t i = 0; i < o->nargs; i++)
		if (!is_plain(item[i] = constant_value(s, o->arg[i]).konst))
			return gj_value(s, r);
	for (int i = 0; nkw && i < code->nkwonly; i++)
		if (code->kwheld[i] >= 0)
			name[o->nargs - nkw + (uint32_t)code->kwheld[i]] = code->var[code->nargs + i];
	gj_obj *f = gj_new(s->fn->arena, gj_obj, 1);
	*f = (gj_obj){ .kind = GJ_OBJ_CODE, .code = code, .n = o->nargs, .item = item, .attr = name };
	return (gj_known){ gj_static_type(NULL, "function"), f };
}

/* A value, with inner functions that are constants in it. */
static gj_known constant_value(const gj_inst *s, gj_ref r)
{
	const gj_op *o = gj_o(s->fn, r);
	if (o->op == GJ_CLOSURE && o->nargs)
		return bound(s, r);
	if (o->op != GJ_MKTUPLE || o->sub != GJ_SORT_TUPLE)
		return gj_value(s, r);
	gj_known *item = gj_new(s->fn->arena, gj_known, o->nargs + 1);
	for (uint32_t i = 0; i < o->nargs; i++)
		item[i] = constant_value(s, o->arg[i]);
	return gj_known_items(s->fn, o->loc, NULL, o->nargs, item);
}

static bool has_inner(const gj_known v)
{
	for (uint32_t i = 0; v.type->kind == GJ_TUPLE && v.konst && v.konst->kind == GJ_OBJ_TUPLE && i < v.type->n; i++)
		if (has_inner((gj_known){ v.type->item[i], v.konst->item[i] }))
			return true;
	return v.konst && v.konst->kind == GJ_OBJ_CODE && v.konst->n;
}

/* Where all returns give one value, and nobody else calls the function: inner functions in it are what they have captured as constants. */
static void settle_inner(gj_infer *I, gj_inst *s)
{
	gj_ref value = 0;
	GJ_EACH_BLOCK(s->fn, b) {
		const gj_op *t = gj_terminator(s->fn, b);
		if (!s->live[b] || t->op != GJ_RETURN)
			continue;
		if (!t->nargs || (value && value != t->arg[0]))
			return;
		value = t->arg[0];
	}
	for (const gj_inst *x = I->all; x; x = x->next)
		for (gj_ref r = 1; r < x->fn->op.n; r++)
			if (x->callee[r] == s)
				return;
	if (value)
		s->ret = constant_value(s, value);
}

/* What the entry returns to its callers. */
static void fix_return(gj_trap *trap, gj_inst *s, const gj_entry *entry, const gj_type *declared)
{
	const char *name = s->code->name;
	gj_space space = entry->results == GJ_RESULTS_HOST ? GJ_COUNTED : entry->results == GJ_RESULTS_PARTS ? entry->space : GJ_GLOBAL;
	bool pointer = gj_is_callback(entry) && s->ret.type->kind == GJ_PTR;
	if (!pointer && !is_value(s->ret, space == GJ_COUNTED))
		gj_fail(s->fn, value_return(s), space == GJ_COUNTED && varies(s->ret) ? GJ_ERR_RETURN_VARIES : GJ_ERR_RETURN_VALUE, name,
		        gj_known_text(s->fn->arena, s->ret));
	const gj_type *want = gj_in_space(trap, declared ? declared : s->ret.type, space);
	if (has_local(s->ret.type))
		gj_fail(s->fn, value_return(s), GJ_ERR_RETURN_LOCAL, name);
	if (want == s->ret.type)
		return;
	if (!gj_can_convert(s->ret.type, want))
		gj_fail(s->fn, 0, GJ_ERR_RETURN_CONVERT, name, s->ret.type->name, want->name);
	s->ret = (gj_known){ want, declared ? NULL : s->ret.konst };
}

/* What the loop of a ufunc writes: one number or several. */
static void fix_elements(gj_trap *trap, gj_inst *s, const gj_entry *entry, const gj_type *declared)
{
	const gj_type *t = s->ret.type;
	bool fits = t && (gj_is_scalar(t) || (t->kind == GJ_TUPLE && t->n));
	for (uint32_t i = 0; fits && t->kind == GJ_TUPLE && i < t->n; i++)
		fits = gj_is_scalar(t->item[i]);
	if (!fits)
		gj_fail(s->fn, value_return(s), GJ_ERR_UFUNC_RETURN, s->code->name, t ? t->name : "nothing");
	fix_return(trap, s, entry, declared);
}

/* A function that is called by the signature t; one that nobody knows yet is declared by it. */
static const gj_obj *called_by(gj_trap *trap, const gj_type *t, const gj_obj *f)
{
	bool typed = f && (f->kind != GJ_OBJ_FUNCTION || f->code->declared || f->code->nargs != (int)t->n);
	if (typed)
		return f;
	gj_obj *o = gj_new(trap->arena, gj_obj, 1);
	gj_code *c = gj_new(trap->arena, gj_code, 1);
	const char **var = gj_new(trap->arena, const char *, t->n + 1);
	for (uint32_t i = 0; i < t->n; i++)
		var[i] = gj_printf(trap->arena, "argument %u", i + 1);
	*o = f ? *f : (gj_obj){ .kind = GJ_OBJ_EXTERN, .name = "function", .i = 1 };
	*c = f ? *f->code : (gj_code){ .name = "function", .qualname = "function", .file = "", .nargs = (int)t->n, .nposonly = (int)t->n, .var = var,
		.nvars = (int)t->n };
	gj_declared *sig = gj_new(trap->arena, gj_declared, 1);
	*sig = (gj_declared){ t->elem, t->item, (int)t->n };
	c->declared = sig;
	c->ndeclared = 1;
	o->code = c;
	return o;
}

/* Functions as arguments have a type each, for those who launch. Here they are constants like all others. */
static gj_known argument(gj_trap *trap, const gj_type *t, const gj_obj *konst)
{
	if (t->kind == GJ_FUNCTION)
		return gj_known_of(NULL, 0, called_by(trap, t, konst));
	if (t->kind != GJ_TUPLE)
		return konst ? gj_known_of(NULL, 0, konst) : gj_just(t);
	const gj_type **item = gj_new(trap->arena, const gj_type *, t->n + 1);
	const gj_obj **of = gj_new(trap->arena, const gj_obj *, t->n + 1);
	gj_obj *tuple = gj_new(trap->arena, gj_obj, 1);
	bool any = false;
	for (uint32_t i = 0; i < t->n; i++) {
		gj_known v = argument(trap, t->item[i], konst ? konst->item[i] : NULL);
		item[i] = v.type;
		any |= (of[i] = v.konst) != NULL;
	}
	*tuple = (gj_obj){ .kind = GJ_OBJ_TUPLE, .n = t->n, .item = of };
	return any ? (gj_known){ gj_tuple_like(t, item), tuple } : gj_just(t);
}

gj_inst *gj_infer_entry(gj_trap *trap, const gj_code *code, const gj_entry *entry, uint32_t n, const gj_type *const *arg,
	const gj_obj *const *konst, const gj_type *ret, bool reports)
{
	gj_infer I = { .trap = trap, .arena = trap->arena, .waits = UINT32_MAX, .met = UINT32_MAX };
	gj_known *args = gj_new(trap->arena, gj_known, n + 1);
	bool optional = entry->args == GJ_ARGS_LEAVES && !gj_is_callback(entry);
	for (uint32_t i = 0; i < n; i++) {
		if (!optional && has_optional(arg[i]))
			gj_fail(gj_ssa(trap, code), 0, GJ_ERR_OPTIONAL_ARG, code->name, arg[i]->name);
		args[i] = argument(trap, gj_in_space(trap, arg[i], entry->space), konst ? konst[i] : NULL);
	}
	bool fused = I.numpy = entry->results == GJ_RESULTS_FUSED;
	I.memory = entry->runner == GJ_RUN_CALL;
	I.reports = reports;
	gj_inst *s = gj_infer_function(&I, code, n, args, NULL, 0);
	for (const gj_inst *x = I.all; x; x = x->next)
		s->fn->catches |= x->fn->catches;
	if (fused && !gj_is_fused_result(s->ret.type))
		gj_fail(s->fn, value_return(s), GJ_ERR_FUSE_RETURN, code->name, gj_known_text(s->fn->arena, s->ret));
	if (entry->results == GJ_RESULTS_HOST && has_inner(s->ret))
		settle_inner(&I, s);
	if (entry->results == GJ_RESULTS_PARTS || entry->results == GJ_RESULTS_HOST)
		fix_return(trap, s, entry, ret);
	else if (entry->results == GJ_RESULTS_ELEMENTS)
		fix_elements(trap, s, entry, ret);
	else if (entry->results == GJ_RESULTS_NONE && s->ret.type != gj_t_none)
		gj_fail(s->fn, value_return(s), GJ_ERR_KERNEL_RETURN, code->name, s->ret.type->name);
	return s;
}
