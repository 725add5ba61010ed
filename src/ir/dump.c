/* The IR as text, for GRIDJIT_DUMP and the golden tests: values and blocks are numbered by position, floats are the
 * shortest text that reads back, nothing depends on addresses or on the run. */
#include "ir/walk.h"
#include "code/dump.h"

static const char *const atomic_name[GJ_NATOMICS] = {
	"add", "sub", "max", "min", "nanmax", "nanmin", "and", "or", "xor", "exch", "inc", "dec", "cas"
};

static const char *const math_name[] = {
#define MATH(id, py, np, n, stem, fast, llvm, vec) #id,
#include "ir/math.def"
};

static const char *const sreg_name[GJ_NSREGS] = {
	[GJ_TID_X] = "tid.x", [GJ_TID_Y] = "tid.y", [GJ_TID_Z] = "tid.z", [GJ_CTAID_X] = "ctaid.x",
	[GJ_CTAID_Y] = "ctaid.y", [GJ_CTAID_Z] = "ctaid.z", [GJ_NTID_X] = "ntid.x", [GJ_NTID_Y] = "ntid.y",
	[GJ_NTID_Z] = "ntid.z", [GJ_NCTAID_X] = "nctaid.x", [GJ_NCTAID_Y] = "nctaid.y", [GJ_NCTAID_Z] = "nctaid.z",
	[GJ_LANEID] = "laneid", [GJ_WARPSIZE] = "warpsize", [GJ_LANEMASK_LT] = "lanemask_lt", [GJ_DYNSHARED] = "dynshared",
	[GJ_THREAD_ID] = "thread", [GJ_THREADS] = "threads", [GJ_PLACE_X] = "place.x", [GJ_PLACE_Y] = "place.y", [GJ_PLACE_Z] = "place.z"
};

static const char *const barrier_name[] = { "sync", "count", "and", "or", "grid" };
static const char *const vote_name[] = { "all", "any", "eq", "ballot" };
static const char *const shfl_name[] = { "idx", "up", "down", "xor" };

/* How the immediate of an op prints, and which table names its sub. Ops without a row have neither. */
typedef enum imm {
	IMM_NONE, IMM_INT, IMM_TEXT, IMM_NAME, IMM_OBJ, IMM_KW, IMM_NUMBER, IMM_MATH, IMM_LIBDEVICE, IMM_SREG, IMM_FN
} imm;
typedef struct style { imm imm; bool sub_int; unsigned nsub; const char *const *sub; } style;

#define SUB(NAMES) .sub = NAMES, .nsub = GJ_LEN(NAMES)
static const style style_of[GJ_NOPS] = {
	[GJ_OBJ]       = { .imm = IMM_OBJ },           [GJ_CONSTMEM]    = { .imm = IMM_OBJ },
	[GJ_RAISE]     = { .imm = IMM_OBJ },           [GJ_CLOSURE]     = { .imm = IMM_OBJ, .sub_int = true },
	[GJ_ARG]       = { .imm = IMM_INT },           [GJ_PARAM]       = { .imm = IMM_INT },
	[GJ_RESULT]    = { .imm = IMM_INT },           [GJ_SLOT]        = { .imm = IMM_INT },
	[GJ_LIBCALL]   = { .imm = IMM_LIBDEVICE, .sub_int = true },
	[GJ_LOCALMEM]  = { .imm = IMM_INT },           [GJ_SHAREDMEM]   = { .imm = IMM_INT },
	[GJ_ADDRESS]   = { .imm = IMM_INT },           [GJ_EXTERN]     = { .imm = IMM_OBJ },
	[GJ_SREG]      = { .imm = IMM_SREG },          [GJ_UNPACK]      = { .imm = IMM_INT, .sub_int = true },
	[GJ_UNPACKREST] = { .imm = IMM_INT, .sub_int = true },
	[GJ_MKTUPLE]   = { .sub_int = true },          [GJ_NTHHAS]      = { .imm = IMM_INT },
	[GJ_NTHGET]    = { .imm = IMM_INT },           [GJ_NTHEND]      = { .imm = IMM_INT },
	[GJ_ATTR]      = { .imm = IMM_TEXT },          [GJ_UNSUPPORTED] = { .imm = IMM_TEXT },
	[GJ_ITEMTYPE]  = { .imm = IMM_INT },           [GJ_ASSIGNED]  = { .imm = IMM_NAME },
	[GJ_UNDEF]     = { .imm = IMM_NAME },          [GJ_CALL]        = { .imm = IMM_KW },
	[GJ_CONST]     = { .imm = IMM_NUMBER },        [GJ_MATH]        = { .imm = IMM_MATH },
	[GJ_FCALL]     = { .imm = IMM_FN },            [GJ_IS]          = { .sub_int = true },
	[GJ_IN]        = { .sub_int = true },          [GJ_LOAD]        = { .sub_int = true },
	[GJ_BOUNDS]    = { .sub_int = true },
	[GJ_FENCE]     = { .sub_int = true },          [GJ_MATCH]       = { .sub_int = true },
	[GJ_PYBIN]     = { .sub = gj_binop_name, .nsub = GJ_NBINOPS },
	[GJ_PYUN]      = { .sub = gj_unop_name, .nsub = GJ_NUNOPS },
	[GJ_PYCMP]     = { .sub = gj_cmpop_name, .nsub = GJ_NCMPOPS },
	[GJ_CMP]       = { .sub = gj_cmpop_name, .nsub = GJ_NCMPOPS },
	[GJ_ATOMIC]    = { SUB(atomic_name) },         [GJ_BARRIER]     = { SUB(barrier_name) },
	[GJ_VOTE]      = { SUB(vote_name) },           [GJ_SHFL]        = { SUB(shfl_name) },
};

typedef struct dump { const gj_fn *f; gj_sb *out; uint32_t *value, *block, *order, n; } dump;

static void put_number(gj_sb *out, const gj_op *o)
{
	if (o->type && gj_is_float(o->type))
		gj_put_float(out, o->imm.f);
	else if (o->type && gj_is_unsigned(o->type))
		gj_sb_printf(out, "%llu", (unsigned long long)o->imm.i);
	else
		gj_sb_printf(out, "%lld", (long long)o->imm.i);
}

static void put_row(gj_sb *out, const char *const *name, size_t n, int64_t i)
{
	if (i >= 0 && (size_t)i < n && name[i])
		gj_sb_printf(out, " %s", name[i]);
	else
		gj_sb_printf(out, " row %lld", (long long)i);
}

static void put_imm(gj_sb *out, const gj_op *o, imm how)
{
	switch (how) {
	case IMM_NONE:   return;
	case IMM_INT:    gj_sb_printf(out, " %lld", (long long)o->imm.i); return;
	case IMM_NAME:   if (o->imm.name) gj_sb_printf(out, " %s", o->imm.name); return;
	case IMM_TEXT:   gj_sb_printf(out, " \"%s\"", o->imm.name ? o->imm.name : ""); return;
	case IMM_OBJ:    gj_sb_puts(out, " "); gj_put_obj(out, o->imm.obj); return;
	case IMM_NUMBER: gj_sb_puts(out, " "); put_number(out, o); return;
	case IMM_MATH:   put_row(out, math_name, GJ_LEN(math_name), o->imm.i); return;
	case IMM_LIBDEVICE: gj_sb_printf(out, " %s", (uint64_t)o->imm.i < GJ_NLIBDEVICE ? gj_libdevice_rows[o->imm.i].name : "?"); return;
	case IMM_SREG:   put_row(out, sreg_name, GJ_LEN(sreg_name), o->imm.i); return;
	case IMM_FN:     gj_sb_printf(out, " %s", o->imm.fn && o->imm.fn->name ? o->imm.fn->name : "?"); return;
	case IMM_KW:
		for (uint32_t i = 0; o->imm.kw && i < o->imm.kw->n; i++)
			gj_sb_printf(out, "%s%s", i ? "," : " kw=", o->imm.kw->name[i] ? o->imm.kw->name[i] : "**");
	}
}

static void put_sub(gj_sb *out, const gj_op *o, const style *s)
{
	if (s->sub)
		gj_sb_printf(out, ".%s", o->sub < s->nsub ? s->sub[o->sub] : "?");
	else if (s->sub_int && o->sub)
		gj_sb_printf(out, ".%u", o->sub);
}

static void put_notes(const dump *d, const gj_op *o)
{
	static const char *const shape[] = { "", "", " varying" };
	gj_sb_printf(d->out, "%s%s%s", o->flags & GJ_NSW ? " nsw" : "", o->flags & GJ_NUW ? " nuw" : "",
	             o->flags & GJ_NONNEG ? " nonneg" : "");
	if (o->shape == GJ_LINEAR)
		gj_sb_printf(d->out, " linear(%lld)", (long long)o->stride);
	else if (o->shape <= GJ_VARYING)
		gj_sb_puts(d->out, shape[o->shape]);
	if (o->mask)
		gj_sb_printf(d->out, " mask v%u", d->value[o->mask]);
}

static bool has_value(const gj_fn *f, const gj_op *o)
{
	if (gj_op_is(o, GJ_F_TERM) || o->op == GJ_SETITEM || o->op == GJ_NOP)
		return false;
	return !f->low || (o->type && o->type->kind != GJ_NONE);
}

static void put_op(const dump *d, gj_ref r)
{
	const gj_op *o = gj_o(d->f, r);
	const gj_bb *bb = &d->f->bb.p[o->block];
	const style *s = &style_of[o->op];
	gj_sb_puts(d->out, "  ");
	if (has_value(d->f, o))
		gj_sb_printf(d->out, "v%u%s%s = ", d->value[r], o->type ? ": " : "",
		             o->type ? (o->type->code ? o->type->code : o->type->name) : "");
	gj_sb_puts(d->out, gj_op_name[o->op]);
	put_sub(d->out, o, s);
	put_imm(d->out, o, s->imm);
	for (uint32_t k = 0; k < o->nargs; k++) {
		if (o->op == GJ_PHI)
			gj_sb_printf(d->out, " %u:", k < bb->preds.n ? d->block[bb->preds.p[k]] : 0);
		gj_sb_printf(d->out, "%sv%u", o->op == GJ_PHI ? "" : " ", o->arg[k] < d->f->op.n ? d->value[o->arg[k]] : 0);
	}
	if (gj_op_is(o, GJ_F_TERM))
		for (uint32_t k = 0; k < bb->nsucc; k++)
			gj_sb_printf(d->out, "%s%u", k ? " " : " -> ", d->block[bb->succ[k]]);
	put_notes(d, o);
	gj_sb_puts(d->out, "\n");
}

static void put_list(const dump *d, const char *before, const uint32_t *p, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		gj_sb_printf(d->out, "%s%u", k ? " " : before, d->block[p[k]]);
}

/* Blocks in reverse postorder where gj_cfg has run, else as they were made; values in that order from 1. */
static dump number(const gj_fn *f, gj_sb *out)
{
	dump d = { .f = f, .out = out, .n = f->rpo.n ? f->rpo.n : f->bb.n };
	uint32_t next = 1;
	d.value = gj_new(f->arena, uint32_t, f->op.n);
	d.block = gj_new(f->arena, uint32_t, f->bb.n);
	d.order = gj_new(f->arena, uint32_t, d.n);
	for (uint32_t i = 0; i < d.n; i++) {
		uint32_t b = d.order[i] = f->rpo.n ? f->rpo.p[i] : i;
		d.block[b] = i;
		GJ_EACH_OP_OF(f, b, r)
			if (has_value(f, gj_o(f, r)))
				d.value[r] = next++;
	}
	return d;
}

void gj_fn_dump(const gj_fn *f, gj_sb *out)
{
	dump d = number(f, out);
	gj_sb_printf(out, "function %s", f->name ? f->name : "?");
	if (f->low)
		gj_sb_printf(out, " low, width %u%s%s", f->width, *f->entry->name ? ", " : "", f->entry->name);
	gj_sb_puts(out, "\n");
	for (uint32_t i = 0; i < d.n; i++) {
		const gj_bb *bb = &f->bb.p[d.order[i]];
		gj_sb_printf(out, "block %u", i);
		put_list(&d, " (preds ", bb->preds.p, bb->preds.n);
		gj_sb_puts(out, bb->preds.n ? "):\n" : ":\n");
		GJ_EACH_OP_OF(f, d.order[i], r)
			put_op(&d, r);
	}
}

void gj_cfg_dump(const gj_fn *f, gj_sb *out)
{
	dump d = number(f, out);
	gj_sb_printf(out, "cfg %s\n", f->name ? f->name : "?");
	for (uint32_t i = 0; i < d.n; i++) {
		const gj_bb *bb = &f->bb.p[d.order[i]];
		gj_sb_printf(out, "block %u: idom %u", i, d.block[bb->idom]);
		if (bb->loop)
			gj_sb_printf(out, " loop %u", bb->loop);
		put_list(&d, " preds ", bb->preds.p, bb->preds.n);
		put_list(&d, " succs ", bb->succ, bb->nsucc);
		gj_sb_puts(out, "\n");
	}
	for (uint32_t l = 1; l < f->loops.n; l++) {
		const gj_loop *loop = &f->loops.p[l];
		gj_sb_printf(out, "loop %u: header %u depth %u", l, d.block[loop->header], loop->depth);
		if (loop->latch)
			gj_sb_printf(out, " latch %u", d.block[loop->latch]);
		if (loop->parent)
			gj_sb_printf(out, " in loop %u", loop->parent);
		gj_sb_puts(out, "\n");
	}
}
