/* gj_compile(): the way from frozen code to an image, one line a stage. A verifier runs after each pass in debug builds
 * and under GRIDJIT_VERIFY=1; GRIDJIT_DUMP=code,cfg,ssa,types,low,mask,llvm,ptx,asm prints each stage. */
#include "compile.h"
#include "infer/infer.h"
#include "ir/walk.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "stages.h"

#include <stdlib.h>
#include <string.h>

/* -- The pipeline ----------------------------------------------------------------------------------------------------- */

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

/* The type with its arrays in another space. */
static const gj_type *in_space(gj_trap *trap, const gj_type *t, gj_space space)
{
	const gj_type *moved = t;
	if (t->kind == GJ_ARRAY)
		moved = gj_array_type(t->elem, t->ndim, t->layout, t->readonly, space);
	if (t->kind == GJ_TUPLE) {
		const gj_type **item = gj_new(trap->arena, const gj_type *, t->n + 1);
		for (uint32_t i = 0; i < t->n; i++)
			item[i] = in_space(trap, t->item[i], space);
		moved = gj_tuple_type(item, t->n);
	}
	if (!moved) {
		gj_diag_set(&trap->diag, GJ_ERR_NOMEM);
		gj_trap_throw(trap);
	}
	return moved;
}

static bool has_local(const gj_type *t)
{
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		if (has_local(t->item[i]))
			return true;
	return t->kind == GJ_ARRAY && t->space == GJ_LOCAL;
}

/* What a device function returns to foreign code. */
static void fix_return(gj_trap *trap, const gj_request *rq, gj_inst *s)
{
	const gj_type *want = rq->ret ? in_space(trap, rq->ret, GJ_GENERIC) : in_space(trap, s->ret.type, GJ_GENERIC);
	if (has_local(s->ret.type))
		gj_fail(s->fn, value_return(s), GJ_ERR_RETURN_LOCAL, rq->code->name);
	if (want == s->ret.type)
		return;
	if (!gj_can_convert(s->ret.type, want))
		gj_fail(s->fn, 0, GJ_ERR_RETURN_CONVERT, rq->code->name, s->ret.type->name, want->name);
	s->ret = (gj_known){ want, NULL };
}

/* The callers of a device function may pass arrays in any memory. */
static gj_inst *infer(gj_trap *trap, const gj_request *rq)
{
	gj_infer I = { .trap = trap, .arena = trap->arena, .waits = UINT32_MAX };
	gj_known *args = gj_new(trap->arena, gj_known, rq->nargs + 1);
	for (uint32_t i = 0; i < rq->nargs; i++)
		args[i].type = rq->options.device ? in_space(trap, rq->arg[i], GJ_GENERIC) : rq->arg[i];
	gj_inst *s = gj_infer_function(&I, rq->code, rq->nargs, args, NULL, 0);
	if (!rq->options.device && s->ret.type != gj_t_none)
		gj_fail(s->fn, value_return(s), GJ_ERR_KERNEL_RETURN, rq->code->name, s->ret.type->name);
	if (rq->options.device)
		fix_return(trap, rq, s);
	return s;
}

/* The ABI asked for, with the types that it is about. */
static const gj_outside *outside(gj_trap *trap, const gj_request *rq, const gj_inst *s)
{
	if (!rq->options.outside)
		return NULL;
	gj_outside *o = gj_new(trap->arena, gj_outside, 1);
	*o = *rq->options.outside;
	o->arg = rq->arg;
	o->nargs = rq->nargs;
	o->ret = s->ret.type;
	return o;
}

/* false: each thread must run by itself. */
static bool vectorise(const gj_stages *st, gj_fn *f, gj_options *o)
{
	gj_loop_form(f);
	o->width = f->width = gj_choose_lanes(f, &o->facts);
	gj_divergence(f, o->facts);
	gj_show(st, "divergence", f);
	if (!gj_mask(f))
		return false;
	gj_cfg(f);
	gj_show(st, "mask", f);
	return true;
}

static const gj_type *compile(gj_trap *trap, const gj_request *rq, const gj_stages *st, gj_image *image)
{
	gj_options opt = rq->options;
	gj_show_frozen(st, trap, rq->code);
	gj_inst *s = infer(trap, rq);
	gj_show(st, "types", s->fn);
	gj_fn *f = gj_lower_entry(trap, s, !opt.device, opt.facts);
	gj_show(st, "lower", f);
	gj_simplify(f);
	gj_check_frozen(f);
	for (uint32_t i = 0; i < f->callee.n; i++) {
		gj_simplify(f->callee.p[i]);
		gj_check_frozen(f->callee.p[i]);
	}
	if (opt.arch == GJ_ARCH_CPU)
		gj_return_raises(f);
	gj_mark_written(f);
	gj_show(st, "low", f);
	if (opt.width == 32 && f->callee.n)
		opt.width = 1;                                                         /* recursion: one thread at a time */
	if (opt.arch == GJ_ARCH_CPU) {
		gj_find_sums(f);
		f->waits = gj_waits(f, opt.width);
	}
	if (opt.arch == GJ_ARCH_CPU && opt.width == 32) {
		f->width = 32;
		if (!vectorise(st, f, &opt)) {
			opt.width = f->width = 1;
			f->waits = gj_waits(f, 1);
		}
	}
	opt.keep_text |= gj_stages_want(st, "llvm") || gj_stages_want(st, "ptx") || gj_stages_want(st, "asm");
	opt.outside = outside(trap, rq, s);
	gj_emit_image(f, &opt, image);
	gj_show_text(st, "llvm", image->llvm);
	gj_show_text(st, "ptx", opt.arch == GJ_ARCH_NVPTX ? image->assembly : NULL);
	gj_show_text(st, "asm", opt.arch == GJ_ARCH_CPU ? image->assembly : NULL);
	return in_space(trap, s->ret.type, GJ_GLOBAL);
}

static bool run(const gj_request *rq, const gj_stages *st, gj_image *image, const gj_type **ret, gj_diag *diag)
{
	gj_trap *trap = calloc(1, sizeof *trap);
	volatile bool ok = false;                      /* set between setjmp and longjmp */
	memset(image, 0, sizeof *image);
	if (!trap || !(trap->arena = gj_arena_new())) {
		gj_diag_set(diag, GJ_ERR_NOMEM);
		free(trap);
		return false;
	}
	gj_arena_trap(trap->arena, trap);
	if (setjmp(trap->env) == 0) {
		const gj_type *t = compile(trap, rq, st, image);
		if (ret)
			*ret = t;
		ok = true;
	}
	if (!ok) {
		*diag = trap->diag;
		gj_image_clear(image);
	}
	gj_arena_free(trap->arena);
	free(trap);
	return ok;
}

bool gj_compile(const gj_request *rq, gj_image *image, const gj_type **ret, gj_diag *diag)
{
	gj_stages st = { .wanted = getenv("GRIDJIT_DUMP"), .verify = gj_stages_verify() };
	return run(rq, &st, image, ret, diag);
}

bool gj_compile_dump(const gj_request *rq, const char *what, gj_sb *out, gj_diag *diag)
{
	gj_image image;
	gj_stages st = { .wanted = what, .out = out, .verify = true };
	bool ok = run(rq, &st, &image, NULL, diag);
	if (ok)
		gj_image_clear(&image);
	return ok;
}
