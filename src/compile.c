/* gj_compile(): the way from frozen code to an image, one line a stage. A verifier runs after each pass in debug builds
 * and under GRIDJIT_VERIFY=1; GRIDJIT_DUMP=code,cfg,ssa,types,low,mask,llvm,ptx,asm prints each stage. */
#include "compile.h"
#include "base/interrupt.h"
#include "infer/infer.h"
#include "lanes/places.h"
#include "lanes/races.h"
#include "lanes/spread.h"
#include "lanes/whole.h"
#include "lower/lower.h"
#include "opt/opt.h"
#include "stages.h"

#include <stdlib.h>
#include <string.h>

/* -- The pipeline ----------------------------------------------------------------------------------------------------- */

/* What code that calls the entry must know of it; NULL: it is called as it was lowered. */
static const gj_export *exported(gj_trap *trap, const gj_request *rq, const gj_fn *f, const gj_type *ret)
{
	gj_export *e = gj_new(trap->arena, gj_export, 1);
	*e = (gj_export){ rq->options.symbol ? rq->options.symbol : f->name, rq->arg, rq->nargs, ret };
	return f->entry->abi == GJ_ABI_LOWERED ? NULL : e;
}

static bool has_vectors(const gj_options *o) { return o->target->vectors && o->width == o->target->warp; }

static void form_lanes(gj_fn *f)
{
	gj_read_once(f);
	gj_loop_form(f);
	gj_spread_locals(f);
}

/* Threads that run as one, f->width: a vector's where it was asked for and threads can be lanes, else each runs by itself, as where
 * functions call themselves. */
static void choose_width(const gj_stages *st, gj_fn *f, const gj_options *asked, uint32_t *facts)
{
	const gj_target *target = asked->target;
	bool one = gj_entry_is_host(f->entry), vector = target->vectors && asked->width == target->warp && !f->callee.n && !one;
	if (asked->spread && f->entry->runner == GJ_RUN_LOOP)
		vector = f->lanes != 0;
	f->width = vector ? target->warp : 1;
	f->waits = target->in_turn && !one && gj_waits(f, f->width);
	if (!vector) {
		if (target->in_turn)
			gj_one_latch(f);
		return;
	}
	form_lanes(f);
	f->width = f->lanes ? f->lanes : gj_choose_lanes(f, facts);
	gj_divergence(f, *facts);
	if (f->entry->args == GJ_ARGS_ELEMENTS && !f->lanes && !asked->streamed)
		gj_lanes_of_streams(f);
	gj_show(st, "divergence", f);
	if (gj_mask(f)) {
		gj_cfg(f);
		if (asked->opt && !asked->debug)
			gj_double_whole(f);
		gj_show(st, "mask", f);
	} else if (f->lanes) {
		gj_fail(f, 0, GJ_ERR_INTERNAL, "lanes that share out loops");
	} else {
		f->width = 1;
		f->waits = target->in_turn && gj_waits(f, 1);
	}
}

/* The part of a kernel that is run first, in vectors like the kernel's own; false: it cannot be. */
static bool widen_part(const gj_stages *st, const gj_fn *f, const gj_options *asked, uint32_t facts)
{
	gj_fn *part = f->part;
	if (f->width != asked->target->warp || f->waits)
		return false;
	form_lanes(part);
	part->width = f->width;
	gj_name_places_of_part(part, facts);
	gj_divergence(part, facts);
	if (!gj_mask(part))
		return false;
	gj_cfg(part);
	gj_show(st, "mask", part);
	return true;
}

/* The same for a kernel that may have such a part: which form it has is seen only when it is made. */
static gj_fn *choose_form(const gj_stages *st, gj_fn *f, const gj_options *asked, uint32_t *facts)
{
	gj_fn *whole = f->entry->runner == GJ_RUN_LAUNCH && asked->target->in_turn && has_vectors(asked) ?
		gj_split_grid_part(f, !(asked->facts & GJ_FACT_COVERED)) : NULL;
	choose_width(st, f, asked, facts);
	if (!f->part || widen_part(st, f, asked, *facts))
		return f;
	*facts = asked->facts;
	choose_width(st, whole, asked, facts);
	return whole;
}

/* -- Loops over prange ------------------------------------------------------------------------------------------------ */

static void note(gj_fn *f, uint32_t loc, const char *text) { gj_push(f->arena, &f->notes, ((gj_note){ loc, false, text })); }

static bool prints(const gj_fn *f)
{
	bool any = false;
	GJ_EACH_OP(f, b, r)
		any |= gj_o(f, r)->op == GJ_PRINT;
	return any;
}

typedef struct sharing { gj_sharing how; const gj_stages *st; const gj_options *asked; const gj_halves *halves; } sharing;

/* Does each lane go its own way in memory somewhere? */
static bool gathers(const gj_fn *f)
{
	bool any = false;
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r), *p = o->op == GJ_LOAD || o->op == GJ_STORE ? gj_o(f, o->arg[0]) : NULL;
		any |= p && p->type->space != GJ_LOCAL && p->shape == GJ_VARYING;
	}
	return any;
}

/* Inner loops in the rounds of a loop over prange as lanes of vectors. */
static bool share(const gj_sharing *how, gj_fn *rows)
{
	const sharing *s = (const sharing *)how;
	gj_spread(rows, s->asked->target->warp, gj_emit_registers(s->asked->target));
	if (!rows->lanes)
		return false;
	gj_simplify(rows);
	gj_widen_halves(rows, s->halves);
	form_lanes(rows);
	rows->width = rows->lanes;
	gj_divergence(rows, GJ_FACTS_ROUNDS);
	gj_show(s->st, "divergence", rows);
	if (gathers(rows) || !gj_mask(rows))
		return false;
	gj_cfg(rows);
	gj_show(s->st, "mask", rows);
	return true;
}

/* The rounds of a loop of f as lanes of vectors, unless they cannot be or that costs more: then `wide` is NULL. */
static void choose_rounds(const gj_stages *st, gj_fn *f, gj_rounds *r, const gj_options *asked, const gj_halves *halves)
{
	gj_fn *wide = r->wide, *single = r->single;
	gj_simplify(single);
	gj_widen_halves(single, halves);
	gj_simplify(wide);
	gj_widen_halves(wide, halves);
	form_lanes(wide);
	wide->width = 32;
	gj_divergence(wide, GJ_FACTS_ROUNDS);
	gj_show(st, "divergence", wide);
	const char *why = r->scalar ? r->scalar : !has_vectors(asked) ? "threads, without lanes: CPU_WIDTH is 1"
		: prints(single) ? "threads, without lanes, whose lines would be mixed" : gj_suits_llvm(wide, single) ? "threads, and vectors of LLVM's"
		: !gj_lanes_pay(wide, single) ? "threads, without lanes, which would have to gather" : NULL;
	note(f, r->loc, why ? why : "threads, and lanes of vectors");
	if (r->promised)
		gj_find_races(r, f);
	if (why || !gj_mask(wide)) {
		r->wide = NULL;
		gj_one_latch(single);
	} else {
		gj_cfg(wide);
	}
	gj_show(st, r->wide ? "mask" : "low", r->wide ? wide : single);
}

static void outline(const gj_stages *st, gj_fn *f, const gj_options *asked, const gj_halves *halves)
{
	bool lanes = has_vectors(asked) && asked->opt && !asked->debug;
	gj_outline(f, &(sharing){ { lanes ? share : NULL }, st, asked, halves }.how);
}

/* Has the same been said before? Array expressions are several loops. */
static bool is_said(const gj_fn *f, uint32_t i)
{
	const gj_note *n = &f->notes.p[i];
	for (uint32_t k = 0; k < i; k++)
		if (f->notes.p[k].text == n->text && f->loc.p[f->notes.p[k].loc].code == f->loc.p[n->loc].code
		    && f->loc.p[f->notes.p[k].loc].pos.line == f->loc.p[n->loc].pos.line)
			return true;
	return false;
}

/* What became of loops, a line each. */
static void show_notes(const gj_stages *st, const gj_fn *f)
{
	gj_sb sb = { 0 };
	if (!gj_stages_want(st, "loops"))
		return;
	for (uint32_t i = 0; i < f->notes.n; i++) {
		const gj_loc *l = &f->loc.p[f->notes.p[i].loc];
		if (is_said(f, i))
			continue;
		gj_sb_printf(&sb, "%s, line %d: %s%s\n", l->code->name, (int)l->pos.line, f->notes.p[i].warns ? "warning: " : "", f->notes.p[i].text);
	}
	gj_show_text(st, "loops", gj_sb_str(&sb));
	gj_sb_free(&sb);
}

static void emit_rounds(const gj_stages *st, gj_fn *f, const gj_options *opt, gj_image *image)
{
	gj_options o = *opt;
	o.facts = GJ_FACTS_ROUNDS;
	if (!f->rounds.n)
		return;
	image->loop = calloc(f->rounds.n, sizeof *image->loop);
	if (!image->loop)
		gj_fail(f, 0, GJ_ERR_NOMEM);
	for (uint32_t i = 0; i < f->rounds.n; i++) {
		const gj_rounds *r = &f->rounds.p[i];
		gj_image *m = &image->loop[image->nloops++];
		gj_interruption_point(f->trap);
		gj_emit_image(r->wide ? r->wide : r->single, &o, m);
		m->chunked = r->chunked;
		m->heavy = r->heavy;
		gj_show_text(st, "llvm", m->llvm);
		gj_show_text(st, opt->target->assembly, m->assembly);
	}
}

static const gj_type *compile(gj_trap *trap, const gj_request *rq, const gj_stages *st, gj_image *image)
{
	gj_options opt = rq->options;
	trap->variables = opt.debug && gj_entry_is_host(&gj_entries[opt.entry]) && !opt.parallel;
	gj_show_frozen(st, trap, rq->code);
	gj_inst *s = gj_infer_entry(trap, rq->code, &gj_entries[opt.entry], rq->nargs, rq->arg, rq->konst, rq->ret,
		gj_options_report(&opt));
	gj_show(st, "types", s->fn);
	if (rq->returned)
		rq->returned->konst = gj_obj_known(rq->returned->arena, s->ret.konst);
	if (!image)
		return s->ret.type;
	gj_fn *f = gj_lower_entry(trap, s, &rq->options);
	f->export = exported(trap, rq, f, s->ret.type);
	gj_show(st, "lower", f);
	gj_halves halves = gj_halves_of(opt.target, opt.cc.major, opt.cc.minor);
	if (opt.parallel)
		outline(st, f, &opt, &halves);
	if (opt.spread) {
		const char *told = gj_spread(f, f->entry->runner == GJ_RUN_LOOP ? opt.width : 0, gj_emit_registers(opt.target));
		gj_show_text(st, "loops", told);
		gj_show(st, "spread", f);
	}
	gj_simplify(f);                                                            /* its passes in their order: opt/opt.c */
	gj_check_frozen(f);
	gj_widen_halves(f, &halves);
	for (uint32_t i = 0; i < f->callee.n; i++) {
		gj_simplify(f->callee.p[i]);
		gj_check_frozen(f->callee.p[i]);
		gj_widen_halves(f->callee.p[i], &halves);
	}
	if (!has_vectors(&opt) && f->entry->runner == GJ_RUN_LAUNCH)
		gj_check_before_loops(f, opt.target->in_turn);                                              /* lanes make several checks at once anyway */
	gj_check_early(f);
	uint32_t narrow = opt.facts & GJ_FACT_QUARTERS ? 4 : opt.facts & GJ_FACT_HALVES ? 2 : 1;
	f->neighbours = gj_run_neighbours(f, opt.facts & GJ_FACT_HALVES ? 2 : narrow, narrow);
	if (opt.target->in_order)
		gj_load_early(f);
	gj_interruption_point(trap);
	for (uint32_t i = 0; i < f->rounds.n; i++)
		if (!f->rounds.p[i].rows)
			choose_rounds(st, f, &f->rounds.p[i], &opt, &halves);
	if (opt.parallel)
		show_notes(st, f);
	gj_find_ends(f);
	if (!opt.target->thread_ends && f->entry->raise != GJ_RAISE_REPORTED)
		gj_return_raises(f);
	gj_mark_written(f);
	gj_show(st, "low", f);
	if (opt.target->in_turn && !gj_entry_is_host(f->entry))
		gj_find_waits(f);
	if (opt.target->own_sums && !gj_entry_is_host(f->entry))
		gj_find_sums(f);
	if (opt.target->in_turn && !gj_entry_is_host(f->entry)) {
		gj_split_grid_rounds(f);
		gj_spread_grid_nest(f, !(opt.facts & (uint32_t)GJ_FACT_OTHER));
	}
	f = choose_form(st, f, &rq->options, &opt.facts);
	if (opt.target->in_turn && f->width == 1 && opt.opt && !opt.debug && gj_run_rows(f))
		gj_show(st, "rows", f);
	opt.keep_text |= gj_stages_want(st, "llvm") || gj_stages_want(st, opt.target->assembly);
	gj_interruption_point(trap);
	gj_emit_image(f, &opt, image);
	gj_show_text(st, "llvm", image->llvm);
	gj_show_text(st, opt.target->assembly, image->assembly);
	emit_rounds(st, f, &opt, image);
	return f->entry->results == GJ_RESULTS_HOST ? s->ret.type : gj_in_space(trap, s->ret.type, GJ_GLOBAL);
}

static bool run(const gj_request *rq, const gj_stages *st, gj_image *image, const gj_type **ret, gj_diag *diag)
{
	gj_trap *trap = calloc(1, sizeof *trap);
	volatile bool ok = false;                      /* set between setjmp and longjmp */
	if (image)
		memset(image, 0, sizeof *image);
	if (!trap || !(trap->arena = gj_arena_new())) {
		gj_diag_set(diag, GJ_ERR_NOMEM);
		free(trap);
		return false;
	}
	gj_arena_trap(trap->arena, trap);
	trap->wanted = rq->wanted;
	if (setjmp(trap->env) == 0) {
		const gj_type *t = compile(trap, rq, st, image);
		if (ret)
			*ret = t;
		ok = true;
	}
	if (!ok) {
		*diag = trap->diag;
		if (gj_entry_is_host(&gj_entries[rq->options.entry]))
			gj_diag_of_function(diag);
		if (image)
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

bool gj_return_type(const gj_request *rq, const gj_type **ret, gj_diag *diag)
{
	gj_stages st = { .verify = gj_stages_verify() };
	return run(rq, &st, NULL, ret, diag);
}
