/* gj_compile(): the way from frozen code to an image, one line a stage. A verifier runs after each pass in debug builds
 * and under GRIDJIT_VERIFY=1; GRIDJIT_DUMP=code,cfg,ssa,types,low,mask,llvm,ptx,asm prints each stage. */
#include "compile.h"
#include "infer/infer.h"
#include "lower/lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- Looking at stages ---------------------------------------------------------------------------------------------- */

/* Where stages are printed: to standard error for the names in GRIDJIT_DUMP, or one of them to a string. */
typedef struct stages { const char *wanted; gj_sb *out; bool verify; } stages;

static bool wants(const stages *st, const char *what)
{
	size_t n = strlen(what);
	for (const char *p = st->wanted; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !memcmp(p, what, n))
			return true;
	return false;
}

static void show_text(const stages *st, const char *what, const char *text)
{
	if (!text || !wants(st, what))
		return;
	if (st->out)
		gj_sb_puts(st->out, text);
	else
		fprintf(stderr, "-- %s\n%s\n", what, text);
}

static void show(const stages *st, const char *what, const gj_fn *f)
{
	const char *wrong = st->verify && f->low ? gj_fn_verify(f) : NULL;
	if (wants(st, what)) {
		gj_sb sb = { 0 };
		gj_fn_dump(f, &sb);
		for (uint32_t i = 0; i < f->callee.n; i++)
			gj_fn_dump(f->callee.p[i], &sb);
		show_text(st, what, gj_sb_str(&sb));
		gj_sb_free(&sb);
	}
	if (wrong)
		gj_fail(f, 0, GJ_ERR_INTERNAL, gj_printf(f->arena, "after %s: %s", what, wrong));
}

/* What comes before types, so that it can be seen where inference fails. */
static void show_frozen(const stages *st, gj_trap *trap, const gj_code *code)
{
	gj_sb text = { 0 }, blocks = { 0 };
	if (wants(st, "code"))
		gj_code_dump(code, &text);
	show_text(st, "code", gj_sb_str(&text));
	gj_sb_free(&text);
	if (!wants(st, "cfg") && !wants(st, "ssa"))
		return;
	gj_fn *f = gj_ssa(trap, code);
	gj_cfg(f);
	gj_cfg_dump(f, &blocks);
	show_text(st, "cfg", gj_sb_str(&blocks));
	gj_sb_free(&blocks);
	show(st, "ssa", f);
}

/* -- The pipeline ----------------------------------------------------------------------------------------------------- */

/* Where a function returns a value. */
static uint32_t value_return(const gj_inst *s)
{
	for (uint32_t k = 0; k < s->fn->rpo.n; k++) {
		const gj_bb *b = &s->fn->bb.p[s->fn->rpo.p[k]];
		const gj_op *t = gj_o(s->fn, b->ops.p[b->ops.n - 1]);
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
	s->ret = (gj_val){ want, NULL };
}

/* The callers of a device function may pass arrays in any memory. */
static gj_inst *infer(gj_trap *trap, const gj_request *rq)
{
	gj_infer I = { .trap = trap, .arena = trap->arena, .waits = UINT32_MAX };
	gj_val *args = gj_new(trap->arena, gj_val, rq->nargs + 1);
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
static bool vectorise(const stages *st, gj_fn *f, gj_options *o)
{
	gj_loop_form(f);
	o->width = f->width = gj_choose_lanes(f, &o->facts);
	gj_divergence(f, o->facts);
	show(st, "divergence", f);
	if (!gj_mask(f))
		return false;
	gj_cfg(f);
	show(st, "mask", f);
	return true;
}

/* Arrays frozen into a kernel become part of its code: PTX text of four characters a byte. */
static void check_frozen(const gj_fn *f)
{
	GJ_VEC(const gj_obj *) seen = { 0 };
	uint64_t total = 0;
	for (uint32_t k = 0; k < f->rpo.n; k++) {
		const gj_bb *b = &f->bb.p[f->rpo.p[k]];
		for (uint32_t i = 0; i < b->ops.n; i++) {
			const gj_op *o = gj_o(f, b->ops.p[i]);
			bool new = o->op == GJ_CONSTMEM;
			for (uint32_t j = 0; new && j < seen.n; j++)
				new = seen.p[j] != o->imm.obj;
			if (!new)
				continue;
			uint64_t bytes = o->imm.obj->type->elem->size;
			for (uint8_t d = 0; d < o->imm.obj->type->ndim; d++)
				bytes *= (uint64_t)o->imm.obj->shape[d];
			gj_push(f->arena, &seen, o->imm.obj);
			if (bytes > GJ_MAX_FROZEN || (total += bytes) > GJ_MAX_FROZEN)
				gj_fail(f, o->loc, GJ_ERR_CONST_TOO_LARGE, (unsigned long long)(bytes > total ? bytes : total) >> 20,
					GJ_MAX_FROZEN >> 20);
		}
	}
}

static const gj_type *compile(gj_trap *trap, const gj_request *rq, const stages *st, gj_image *image)
{
	gj_options opt = rq->options;
	show_frozen(st, trap, rq->code);
	gj_inst *s = infer(trap, rq);
	show(st, "types", s->fn);
	gj_fn *f = gj_lower_entry(trap, s, !opt.device, opt.facts);
	show(st, "lower", f);
	gj_simplify(f);
	check_frozen(f);
	for (uint32_t i = 0; i < f->callee.n; i++) {
		gj_simplify(f->callee.p[i]);
		check_frozen(f->callee.p[i]);
	}
	if (opt.arch == GJ_ARCH_CPU)
		gj_return_raises(f);
	gj_mark_written(f);
	show(st, "low", f);
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
	opt.keep_text |= wants(st, "llvm") || wants(st, "ptx") || wants(st, "asm");
	opt.outside = outside(trap, rq, s);
	gj_emit_image(f, &opt, image);
	show_text(st, "llvm", image->llvm);
	show_text(st, "ptx", opt.arch == GJ_ARCH_NVPTX ? image->assembly : NULL);
	show_text(st, "asm", opt.arch == GJ_ARCH_CPU ? image->assembly : NULL);
	return in_space(trap, s->ret.type, GJ_GLOBAL);
}

static bool run(const gj_request *rq, const stages *st, gj_image *image, const gj_type **ret, gj_diag *diag)
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

static bool verifying(void)
{
#ifdef NDEBUG
	const char *v = getenv("GRIDJIT_VERIFY");
	return v && *v == '1';
#else
	return true;
#endif
}

bool gj_compile(const gj_request *rq, gj_image *image, const gj_type **ret, gj_diag *diag)
{
	stages st = { .wanted = getenv("GRIDJIT_DUMP"), .verify = verifying() };
	return run(rq, &st, image, ret, diag);
}

bool gj_compile_dump(const gj_request *rq, const char *what, gj_sb *out, gj_diag *diag)
{
	gj_image image;
	stages st = { .wanted = what, .out = out, .verify = true };
	bool ok = run(rq, &st, &image, NULL, diag);
	if (ok)
		gj_image_clear(&image);
	return ok;
}

/* -- The name in the cache -------------------------------------------------------------------------------------------- */

static void put_options(gj_hasher *h, const gj_options *o)
{
	const uint64_t field[] = {
		o->arch, (uint64_t)o->cc_major, (uint64_t)o->cc_minor, (uint64_t)o->ptx_version, o->width, o->facts, o->fastmath,
		o->debug, o->lineinfo, (uint64_t)o->opt, o->max_registers, o->max_threads, o->min_blocks, o->max_cluster,
		o->libm_exact, o->device, o->keep_text,
	};
	for (size_t i = 0; i < GJ_LEN(field); i++)
		gj_hash_u64(h, field[i]);
	gj_hash_str(h, o->arch == GJ_ARCH_CPU ? gj_host_cpu() : o->libdevice ? o->libdevice : "");
}

enum { MAX_LINED = 64 };
typedef struct lined { gj_hasher *h; uint32_t n; const gj_code *code[MAX_LINED]; } lined;

static void put_lines(lined *, const gj_code *);

static void put_lines_of(lined *l, const gj_obj *const *o, uint32_t n)
{
	for (uint32_t i = 0; o && i < n; i++) {
		if (o[i] && o[i]->code)
			put_lines(l, o[i]->code);
		if (o[i])
			put_lines_of(l, o[i]->item, o[i]->n);
	}
}

/* The digest of code leaves places in files out. Images that hold lines (line tables; the barriers of the CPU device, for its
 * messages) are named by them too, so that lines do not go stale when code moves. */
static void put_lines(lined *l, const gj_code *c)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->code[i] == c)
			return;
	if (l->n == MAX_LINED)
		return;
	l->code[l->n++] = c;
	gj_hash_str(l->h, c->file);
	for (uint32_t i = 0; i < c->nunits; i++)
		gj_hash_u64(l->h, (uint64_t)(uint32_t)c->pos[i].line);
	put_lines_of(l, c->konst, (uint32_t)c->nkonsts);
	put_lines_of(l, c->global, (uint32_t)c->nnames);
	put_lines_of(l, c->free_value, (uint32_t)c->nfree);
}

gj_hash gj_request_key(const gj_request *rq)
{
	gj_hasher h;
	gj_hash_init(&h);
	gj_hash_str(&h, "gridjit " GJ_VERSION " " GJ_BUILD);
	gj_hash_str(&h, gj_llvm_version());
	gj_hash_put(&h, rq->code->digest.b, sizeof rq->code->digest.b);
	gj_hash_str(&h, rq->code->name);
	gj_hash_u64(&h, rq->nargs);
	for (uint32_t i = 0; i < rq->nargs; i++) {
		gj_hash_str(&h, rq->arg[i]->code);
		gj_hash_u64(&h, (uint64_t)rq->arg[i]->readonly * 8 + rq->arg[i]->space);
	}
	gj_hash_str(&h, rq->ret ? rq->ret->code : "");
	put_options(&h, &rq->options);
	if (rq->options.arch == GJ_ARCH_CPU || rq->options.debug || rq->options.lineinfo)
		put_lines(&(lined){ .h = &h }, rq->code);
	return gj_hash_done(&h);
}
