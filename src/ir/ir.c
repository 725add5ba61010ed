/* Building the IR: functions, blocks, ops, the table of source positions, and failing at one of them.
 *
 * Everything lives in the arena of the compilation. Ops are pointers held in fn->op, so they stay put when the table
 * grows; blocks are held by value: do not keep a gj_bb pointer across gj_block_new. */
#include "ir/walk.h"

#include <string.h>

const char *const gj_op_name[GJ_NOPS] = {
#define OP(name, level, args, flags, meaning) #name,
#include "ir/ops.def"
};

enum {
	FLAG_P = GJ_F_PURE, FLAG_R = GJ_F_READ, FLAG_W = GJ_F_WRITE, FLAG_T = GJ_F_TERM, FLAG_M = GJ_F_MASK,
	FLAG_RM = GJ_F_READ | GJ_F_MASK, FLAG_WM = GJ_F_WRITE | GJ_F_MASK, FLAG_WM_WARP = FLAG_WM | GJ_F_WARP,
	FLAG_WM_BLOCK = FLAG_WM | GJ_F_BLOCK, FLAG_WM_LANES = FLAG_WM | GJ_F_LANES, FLAG_W_SLEEP = FLAG_W | GJ_F_SLEEP,
	FLAG_W_ORDER = FLAG_W | GJ_F_ORDER
};

const uint16_t gj_op_flags[GJ_NOPS] = {
#define OP(name, level, args, flags, meaning) FLAG_##flags,
#include "ir/ops.def"
};

/* Blocks are made by the caller: the first one is the entry. */
gj_fn *gj_fn_new(gj_trap *trap, const gj_code *code, const char *name)
{
	gj_fn *f = gj_new(trap->arena, gj_fn, 1);
	f->arena = trap->arena;
	f->trap = trap;
	f->code = code;
	f->name = name;
	f->width = 1;
	f->entry = &gj_entries[GJ_ENTRY_INNER];
	gj_push(f->arena, &f->op, NULL);
	gj_push(f->arena, &f->loc, ((gj_loc){ .code = code, .pos = { -1, -1, -1, -1 } }));
	gj_push(f->arena, &f->loops, (gj_loop){ 0 });
	return f;
}

uint32_t gj_block_new(gj_fn *f)
{
	gj_push(f->arena, &f->bb, (gj_bb){ 0 });
	return f->bb.n - 1;
}

gj_ref gj_op_new(gj_fn *f, uint32_t block, gj_opcode op, const gj_type *type, uint32_t loc, uint32_t nargs,
                 const gj_ref *args)
{
	gj_op *o = gj_new(f->arena, gj_op, 1);
	o->op = (uint16_t)op;
	o->block = block;
	o->loc = loc;
	o->type = type;
	o->nargs = nargs;
	if (nargs)
		o->arg = gj_memdup(f->arena, args, nargs * sizeof *args);
	gj_push(f->arena, &f->op, o);
	return f->op.n - 1;
}

gj_ref gj_emit(gj_fn *f, uint32_t block, gj_opcode op, const gj_type *type, uint32_t loc, uint32_t nargs,
               const gj_ref *args)
{
	gj_ref r = gj_op_new(f, block, op, type, loc, nargs, args);
	gj_push(f->arena, &f->bb.p[block].ops, r);
	return r;
}

void gj_link(gj_fn *f, uint32_t from, uint32_t to)
{
	gj_bb *b = &f->bb.p[from];
	if (b->nsucc == 2)
		gj_fail(f, 0, GJ_ERR_INTERNAL, "a block has more than two successors");
	b->succ[b->nsucc++] = to;
	gj_push(f->arena, &f->bb.p[to].preds, from);
}

uint32_t gj_loc_add(gj_fn *f, const gj_code *code, gj_pos pos, uint32_t up)
{
	const gj_loc *last = &f->loc.p[f->loc.n - 1];
	if (f->loc.n > 1 && last->code == code && last->up == up && !memcmp(&last->pos, &pos, sizeof pos))
		return f->loc.n - 1;
	gj_push(f->arena, &f->loc, ((gj_loc){ .code = code, .pos = pos, .up = up }));
	return f->loc.n - 1;
}

/* The chain of frames from `loc` outwards; a position without a line shows the function's first line. */
static int frames_of(const gj_fn *f, uint32_t loc, gj_frame *frame)
{
	int n = 0;
	do {
		const gj_loc *l = &f->loc.p[loc < f->loc.n ? loc : 0];
		if (l->code) {
			frame[n] = (gj_frame){ l->code->file, l->code->qualname ? l->code->qualname : l->code->name, l->pos };
			if (l->pos.line < 0)
				frame[n].pos.line = l->code->firstline;
			n++;
		}
		loc = l->up;
	} while (loc && n < GJ_DIAG_FRAMES);
	return n;
}

/* With what the trap's diagnostic says. */
static GJ_NORETURN void fail_at(const gj_fn *f, uint32_t loc)
{
	gj_frame frame[GJ_DIAG_FRAMES];
	int n = frames_of(f, loc, frame);
	gj_diag_at(&f->trap->diag, frame, n);
	gj_trap_throw(f->trap);
}

void gj_vfail(const gj_fn *f, uint32_t loc, gj_err id, va_list ap)
{
	gj_diag_vset(&f->trap->diag, id, ap);
	fail_at(f, loc);
}

void gj_fail_module(const gj_fn *f, uint32_t loc, const char *module, const char *name)
{
	gj_diag_set(&f->trap->diag, GJ_ERR_ATTRIBUTE, module, name, "", "");
	gj_diag_seek(&f->trap->diag, module, name);
	fail_at(f, loc);
}

void gj_fail(const gj_fn *f, uint32_t loc, gj_err id, ...)
{
	va_list ap;
	va_start(ap, id);
	gj_vfail(f, loc, id, ap);
}

#define COPY(F, V) ((V)->p = gj_memdup((F)->arena, (V)->p, (V)->n * sizeof *(V)->p), (V)->cap = (V)->n)

gj_fn *gj_fn_copy(const gj_fn *f)
{
	gj_fn *c = gj_memdup(f->arena, f, sizeof *f);
	COPY(f, &c->op);
	COPY(f, &c->bb);
	COPY(f, &c->loc);
	COPY(f, &c->loops);
	COPY(f, &c->param);
	COPY(f, &c->rpo);
	COPY(f, &c->ends);
	COPY(f, &c->notes);
	for (gj_ref r = 1; r < f->op.n; r++) {
		gj_op *o = c->op.p[r] = gj_memdup(f->arena, f->op.p[r], sizeof *o);
		o->arg = gj_memdup(f->arena, o->arg, o->nargs * sizeof *o->arg);
	}
	for (uint32_t b = 0; b < f->bb.n; b++) {
		COPY(f, &c->bb.p[b].ops);
		COPY(f, &c->bb.p[b].preds);
	}
	return c;
}

void gj_take_out(gj_fn *f, gj_ref r)
{
	gj_bb *bb = &f->bb.p[gj_o(f, r)->block];
	uint32_t n = 0;
	GJ_EACH_OP_OF(f, gj_o(f, r)->block, other)
		if (other != r)
			bb->ops.p[n++] = other;
	bb->ops.n = n;
}

uint32_t gj_both_of(const gj_fn *f, const gj_op *o, bool is)
{
	if (o->type != gj_scalar[GJ_BOOL])
		return 0;
	if (o->op == GJ_ANDMASK || o->op == GJ_AND || o->op == GJ_OR)
		return is == (o->op != GJ_OR);
	const gj_op *other = o->op == GJ_SELECT ? gj_o(f, o->arg[is ? 2 : 1]) : NULL;
	return !other || other->op != GJ_CONST || other->imm.i == is ? 0 : is ? 1 : 2;
}

uint32_t *gj_count_uses(const gj_fn *f)
{
	uint32_t *uses = gj_new(f->arena, uint32_t, f->op.n);
	GJ_EACH_OP(f, b, r) {
		const gj_op *o = gj_o(f, r);
		for (uint32_t a = 0; a < o->nargs; a++)
			uses[o->arg[a]]++;
		uses[o->mask]++;
	}
	return uses;
}

static int64_t sreg_behind_cvt(const gj_fn *f, gj_ref r)
{
	const gj_op *o = gj_o(f, r);
	o = o->op == GJ_CVT ? gj_o(f, o->arg[0]) : o;
	return o->op == GJ_SREG ? o->imm.i : -1;
}

int64_t gj_grid_product(const gj_fn *f, const gj_op *o)
{
	for (int k = 0; o->op == GJ_MUL && k < 2; k++) {
		int64_t blocks = sreg_behind_cvt(f, o->arg[k]), axis = sreg_behind_cvt(f, o->arg[1 - k]) - GJ_NTID_X;
		if (axis >= 0 && axis < 3 && (blocks == GJ_CTAID_X + axis || blocks == GJ_NCTAID_X + axis))
			return blocks;
	}
	return -1;
}

static gj_ref behind_cvt(const gj_fn *f, gj_ref r)
{
	while (gj_o(f, r)->op == GJ_CVT)
		r = gj_o(f, r)->arg[0];
	return r;
}

int gj_grid_place(const gj_fn *f, const gj_op *o)
{
	for (int k = 0; o->op == GJ_ADD && k < 2; k++) {
		const gj_op *tid = gj_o(f, behind_cvt(f, o->arg[k]));
		int64_t start = gj_grid_product(f, gj_o(f, behind_cvt(f, o->arg[1 - k])));
		if (tid->op == GJ_SREG && tid->imm.i <= GJ_TID_Z && start == GJ_CTAID_X + tid->imm.i)
			return (int)tid->imm.i;
	}
	return -1;
}
