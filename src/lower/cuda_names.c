/* Lowering of what CUDA names: indices, memory, barriers, warps, bits, atomics. */
#include "lower/lower.h"
#include "image/barrier.h"

enum { SHARED_MOST = 48 << 10 };                             /* bytes of static shared memory of a block, by PTX */
enum { LOCAL_MOST = 512 << 10 };                             /* bytes of local memory that a GPU's thread can have */

static const gj_type *T(gj_kind k) { return gj_scalar[k]; }

/* -- Index ------------------------------------------------------------------------------------------------------------ */

static gj_ref sreg(gj_lower *L, int which, const gj_type *t)
{
	gj_ref r = gj_e(L, GJ_SREG, t, 0, NULL);
	gj_o(L->fn, r)->imm.i = which;
	gj_o(L->fn, r)->flags |= GJ_NONNEG;
	return r;
}

gj_lv gj_lower_sreg(gj_lcall *c) { return gj_lresult(c, sreg(c->L, c->arg, c->type)); }

/* Elsewhere than in functions for the host there is one thread, number 0. */
gj_lv gj_lower_pool_thread(gj_lcall *c)
{
	bool host = gj_entry_is_host(&gj_entries[c->L->M->options->entry]);
	gj_ref x = host ? sreg(c->L, c->arg, T(GJ_I32)) : gj_eint(c->L, T(GJ_I32), c->arg == GJ_THREADS);
	return gj_lresult(c, gj_ecast(c->L, x, c->type));
}

/* arg 0: the thread's position in the grid, 1: the grid's extent; x first. */
gj_lv gj_lower_grid(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *i64 = T(GJ_I64), *i32 = T(GJ_I32);
	uint32_t n = c->type->kind == GJ_TUPLE ? c->type->n : 1;
	gj_ref *p;
	gj_lv v = gj_lv_new(L, c->type, &p);
	for (uint32_t d = 0; d < n; d++) {
		gj_ref ntid = gj_ecast(L, sreg(L, GJ_NTID_X + (int)d, i32), i64);
		gj_ref blocks = gj_ecast(L, sreg(L, (c->arg ? GJ_NCTAID_X : GJ_CTAID_X) + (int)d, i32), i64);
		p[d] = gj_eindex(L, GJ_MUL, blocks, ntid);
		gj_o(L->fn, p[d])->flags |= GJ_NONNEG;
		if (c->arg)
			continue;
		p[d] = gj_eindex(L, GJ_ADD, p[d], gj_ecast(L, sreg(L, GJ_TID_X + (int)d, i32), i64));
		gj_o(L->fn, p[d])->flags |= GJ_NONNEG;
	}
	return v;
}

/* -- Memory ----------------------------------------------------------------------------------------------------------- */

/* The place of this shared.array in static shared memory: one for each array of each instance, as in CUDA C a
 * `__shared__` variable of a function is one variable however often it is inlined. */
static uint32_t shared_offset(gj_lcall *c, uint64_t bytes, uint64_t align)
{
	gj_module *M = c->L->M;
	for (uint32_t i = 0; i < M->shared.n; i++)
		if (M->shared.p[i].s == c->B->s && M->shared.p[i].ref == c->ref)
			return M->shared.p[i].offset;
	uint64_t at = (M->shared_bytes + align - 1) / align * align;
	if (bytes > SHARED_MOST || at + bytes > SHARED_MOST)
		gj_lfail(c->L, GJ_ERR_SHARED_TOO_LARGE, (unsigned long long)(bytes > UINT64_MAX - at ? bytes : at + bytes), SHARED_MOST);
	M->shared_bytes = (uint32_t)(at + bytes);
	gj_push(M->arena, &M->shared, ((gj_shared){ c->B->s, c->ref, (uint32_t)at }));
	return (uint32_t)at;
}

static gj_lv dynamic_shared(gj_lcall *c, const gj_type *ptr)
{
	gj_lower *L = c->L;
	gj_ref p = gj_e(L, GJ_SHAREDMEM, ptr, 0, NULL);
	gj_o(L->fn, p)->imm.i = -1;
	L->M->dynamic_shared = true;
	gj_ref bytes = gj_ecast(L, sreg(L, GJ_DYNSHARED, T(GJ_I32)), T(GJ_I64));
	gj_ref n = gj_e2(L, GJ_FLOORDIV, T(GJ_I64), bytes, gj_eint(L, T(GJ_I64), c->type->elem->size));
	return gj_larray(L, c->type, p, &n);
}

gj_lv gj_lower_array(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *ptr = gj_part_of(t, 0).type;
	const gj_obj *shape = c->a[0].konst;
	gj_ref ext[GJ_MAX_NDIM];
	int64_t n, align = 16;
	uint64_t total = 1, bytes;
	for (uint32_t d = 0; d < t->ndim; d++) {
		gj_obj_is_int(shape->kind == GJ_OBJ_TUPLE ? shape->item[d] : shape, &n);
		ext[d] = gj_eint(L, T(GJ_I64), n);
		total = __builtin_mul_overflow(total, (uint64_t)n, &total) ? UINT64_MAX : total;
	}
	if (total == 0)
		return dynamic_shared(c, ptr);
	if (c->n > 2 && c->a[2].konst && gj_obj_is_int(c->a[2].konst, &n) && n > align)
		align = n;
	bool shared = c->arg == GJ_SHARED;
	if (__builtin_mul_overflow(total, t->elem->size, &bytes))
		bytes = UINT64_MAX;
	if (!shared && bytes > LOCAL_MOST)
		gj_lfail(L, GJ_ERR_LOCAL_TOO_LARGE, (unsigned long long)bytes, LOCAL_MOST);
	int64_t at = shared ? shared_offset(c, bytes, (uint64_t)align) : (int64_t)total;
	gj_ref p = gj_e(L, shared ? GJ_SHAREDMEM : GJ_LOCALMEM, ptr, 0, NULL);
	gj_o(L->fn, p)->imm.i = at;
	return gj_larray(L, t, p, ext);
}

gj_lv gj_lower_array_like(gj_lcall *c) { return c->a[0]; }

/* -- Barriers, warps ---------------------------------------------------------------------------------------------------- */

gj_lv gj_lower_barrier(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref pred = c->n ? gj_ltruth(L, c->a[0]) : 0;
	L->M->barriers = true;
	L->M->cooperative |= c->arg == GJ_BAR_GRID;
	gj_ref r = gj_esub(L, GJ_BARRIER, (uint8_t)c->arg, c->n ? T(GJ_I32) : NULL, c->n, &pred);
	return c->n ? gj_lresult(c, r) : gj_lv_none();
}

/* The number of the block's threads, or this one's among them, x fastest. */
static gj_ref block_number(gj_lower *L, bool rank)
{
	const gj_type *i32 = T(GJ_I32);
	gj_ref at = sreg(L, rank ? GJ_TID_Z : GJ_NTID_Z, i32);
	for (int d = 1; d >= 0; d--) {
		at = gj_eindex(L, GJ_MUL, at, sreg(L, GJ_NTID_X + d, i32));
		if (rank)
			at = gj_eindex(L, GJ_ADD, at, sreg(L, GJ_TID_X + d, i32));
		gj_o(L->fn, at)->flags |= GJ_NONNEG;
	}
	return at;
}

gj_lv gj_lower_block_rank(gj_lcall *c) { return gj_lresult(c, block_number(c->L, c->arg)); }

gj_lv gj_lower_syncwarp(gj_lcall *c)
{
	gj_ref mask = c->a[0].type ? gj_larg(c, 0, T(GJ_I32)) : gj_eint(c->L, T(GJ_I32), -1);
	gj_e1(c->L, GJ_SYNCWARP, NULL, mask);
	return gj_lv_none();
}

gj_lv gj_lower_fence(gj_lcall *c)
{
	gj_esub(c->L, GJ_FENCE, (uint8_t)c->arg, NULL, 0, NULL);
	return gj_lv_none();
}

gj_lv gj_lower_nanosleep(gj_lcall *c)
{
	gj_e1(c->L, GJ_NANOSLEEP, NULL, gj_larg(c, 0, T(GJ_U32)));
	return gj_lv_none();
}

gj_lv gj_lower_breakpoint(gj_lcall *c)
{
	gj_e(c->L, GJ_BREAKPOINT, NULL, 0, NULL);
	return gj_lv_none();
}

gj_lv gj_lower_activemask(gj_lcall *c) { return gj_lresult(c, gj_e(c->L, GJ_ACTIVEMASK, T(GJ_U32), 0, NULL)); }

gj_lv gj_lower_shfl(gj_lcall *c)
{
	gj_ref a[3] = { gj_larg(c, 0, T(GJ_I32)), c->a[1].part[0], gj_larg(c, 2, T(GJ_I32)) };
	return gj_lresult(c, gj_esub(c->L, GJ_SHFL, (uint8_t)c->arg, c->type, 3, a));
}

gj_lv gj_lower_vote(gj_lcall *c)
{
	gj_ref a[2] = { gj_larg(c, 0, T(GJ_I32)), gj_ltruth(c->L, c->a[1]) };
	return gj_lresult(c, gj_esub(c->L, GJ_VOTE, (uint8_t)c->arg, c->type, 2, a));
}

/* Values are matched by their bits, 32 or 64 of them. */
static gj_ref match_bits(gj_lower *L, gj_ref r)
{
	const gj_type *t = gj_o(L->fn, r)->type;
	if (gj_is_float(t))
		r = gj_e1(L, GJ_BITCAST, T(t->size == 8 ? GJ_I64 : t->size == 4 ? GJ_I32 : GJ_I16), r);
	return gj_ecast(L, r, T(t->size == 8 ? GJ_I64 : GJ_I32));
}

gj_lv gj_lower_match(gj_lcall *c)
{
	gj_lower *L = c->L;
	gj_ref a[2] = { gj_larg(c, 0, T(GJ_I32)), match_bits(L, c->a[1].part[0]) };
	gj_lv m = gj_lresult(c, gj_esub(L, GJ_MATCH, (uint8_t)c->arg, T(GJ_I32), 2, a));
	if (c->arg == 0)
		return m;
	return gj_lv_pair(L, c->type, m, gj_lresult(c, gj_ecmp(L, GJ_CMP_NE, m.part[0], gj_eint(L, T(GJ_I32), 0))));
}

gj_lv gj_lower_bits(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->a[0].type;
	if (c->arg == GJ_BREV)
		t = c->type;
	else if (gj_is_bool(t))
		t = T(GJ_I8);
	return gj_lresult(c, gj_ecast(L, gj_e1(L, (gj_opcode)c->arg, t, gj_larg(c, 0, t)), c->type));
}

gj_lv gj_lower_selp(gj_lcall *c)
{
	return gj_lresult(c, gj_e3(c->L, GJ_SELECT, c->type, gj_ltruth(c->L, c->a[0]), c->a[1].part[0], c->a[2].part[0]));
}

gj_lv gj_lower_fma(gj_lcall *c)
{
	return gj_lresult(c, gj_e3(c->L, GJ_FMA, c->type, gj_larg(c, 0, c->type), gj_larg(c, 1, c->type), gj_larg(c, 2, c->type)));
}

/* -- Tiles ------------------------------------------------------------------------------------------------------------- */

static gj_ref i32(gj_lower *L, int64_t x) { return gj_eint(L, T(GJ_I32), x); }
static int tile_size(const gj_lcall *c) { return c->arg & 255; }

/* The thread's number in its tile; the lane of the tile's first thread; the tile's lanes. */
static gj_ref tile_rank(gj_lcall *c)
{
	return gj_e2(c->L, GJ_AND, T(GJ_I32), sreg(c->L, GJ_LANEID, T(GJ_I32)), i32(c->L, tile_size(c) - 1));
}

static gj_ref tile_first(gj_lcall *c)
{
	return gj_e2(c->L, GJ_AND, T(GJ_I32), sreg(c->L, GJ_LANEID, T(GJ_I32)), i32(c->L, -tile_size(c)));
}

static gj_ref tile_mask(gj_lcall *c)
{
	gj_lower *L = c->L;
	int64_t all = tile_size(c) == 32 ? -1 : ((int64_t)1 << tile_size(c)) - 1;
	return tile_size(c) == 32 ? i32(L, -1) : gj_e2(L, GJ_SHL, T(GJ_I32), i32(L, all), gj_ecast(L, tile_first(c), gj_i64()));
}

/* Above the size: 0 size, 1 rank, 2 the tile's number. */
gj_lv gj_lower_tile_number(gj_lcall *c)
{
	gj_lower *L = c->L;
	if (c->arg >> 8 == 0)
		return gj_lresult(c, i32(L, tile_size(c)));
	if (c->arg >> 8 == 1)
		return gj_lresult(c, tile_rank(c));
	gj_ref tiles = gj_eint(L, gj_i64(), __builtin_ctz((unsigned)tile_size(c)));
	return gj_lresult(c, gj_e2(L, GJ_SHR, T(GJ_I32), block_number(L, true), tiles));
}

gj_lv gj_lower_tile_sync(gj_lcall *c)
{
	gj_e1(c->L, GJ_SYNCWARP, NULL, tile_mask(c));
	return gj_lv_none();
}

static gj_ref tile_shuffle(gj_lcall *c, gj_ref value, gj_ref rank)
{
	gj_lower *L = c->L;
	gj_ref a[3] = { tile_mask(c), value, gj_e2(L, GJ_OR, T(GJ_I32), tile_first(c), rank) };
	return gj_esub(L, GJ_SHFL, 0, gj_o(L->fn, value)->type, 3, a);
}

/* Above the size: 0 of a rank, 1 of one below, 2 of one above, 3 of the xor. */
gj_lv gj_lower_tile_shfl(gj_lcall *c)
{
	static const gj_opcode by[] = { GJ_OR, GJ_SUB, GJ_ADD, GJ_XOR };
	gj_lower *L = c->L;
	int kind = c->arg >> 8;
	gj_ref own = tile_rank(c), with = gj_larg(c, 1, T(GJ_I32)), most = i32(L, tile_size(c) - 1);
	gj_ref from = kind == 0 ? with : gj_e2(L, by[kind], T(GJ_I32), own, with);
	gj_ref wrapped = gj_e2(L, GJ_AND, T(GJ_I32), from, most);
	if (kind == 1 || kind == 2)
		wrapped = gj_e3(L, GJ_SELECT, T(GJ_I32), gj_ecmp(L, GJ_CMP_EQ, wrapped, from), wrapped, own);
	return gj_lresult(c, tile_shuffle(c, c->a[0].part[0], wrapped));
}

gj_lv gj_lower_tile_vote(gj_lcall *c)
{
	gj_lower *L = c->L;
	int kind = c->arg >> 8;
	gj_ref r = gj_esub(L, GJ_VOTE, (uint8_t)kind, kind == 3 ? T(GJ_I32) : T(GJ_BOOL), 2, (gj_ref[]){ tile_mask(c), gj_ltruth(L, c->a[0]) });
	if (kind < 3)
		return gj_lresult(c, r);
	r = gj_e2(L, GJ_SHR, T(GJ_U32), gj_ecast(L, r, T(GJ_U32)), gj_ecast(L, tile_first(c), gj_i64()));
	return gj_lresult(c, gj_e2(L, GJ_AND, T(GJ_U32), r, gj_eint(L, T(GJ_U32), (1ll << tile_size(c)) - 1)));
}

/* Every thread has the same sum: pairs are combined in the same order, wherever they are. */
gj_lv gj_lower_tile_reduce(gj_lcall *c)
{
	static const gj_opcode op[] = { GJ_ADD, GJ_MUL, GJ_MIN, GJ_MAX, GJ_AND, GJ_OR, GJ_XOR };
	gj_lower *L = c->L;
	gj_ref v = c->a[0].part[0], own = tile_rank(c);
	for (int64_t step = tile_size(c) / 2; step; step /= 2) {
		gj_ref other = tile_shuffle(c, v, gj_e2(L, GJ_XOR, T(GJ_I32), own, i32(L, step)));
		v = gj_e2(L, op[gj_tile_op(c->a[1].konst->name)], c->type, v, other);
	}
	return gj_lresult(c, v);
}

/* -- Loads and stores with a hint ------------------------------------------------------------------------------------------ */

/* Hints are for global memory: PTX has none for the other spaces. That is where pointers are taken to lead, as numba does. */
gj_lv gj_lower_hinted(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->a[0].type->elem;
	bool pointer = c->a[0].type->kind == GJ_PTR;
	gj_ref p = gj_laddress(L, c->a[0], c->a[1], gj_lname_of(c->B->s, c->op->arg[1]));
	if (pointer)
		p = gj_ecast(L, p, gj_ptr_type(t, GJ_GLOBAL));
	uint8_t hint = pointer || c->a[0].type->space == GJ_GLOBAL ? (uint8_t)c->arg : GJ_HINT_NONE;
	if (c->n == 2)
		return gj_lresult(c, gj_esub(L, GJ_LOAD, hint, t, 1, &p));
	gj_ref value = gj_is_bool(t) ? gj_ltruth(L, c->a[2]) : gj_larg(c, 2, t);
	gj_esub(L, GJ_STORE, hint, NULL, 2, (gj_ref[]){ p, value });
	return gj_lv_none();
}

/* -- Atomics ------------------------------------------------------------------------------------------------------------ */

/* Sums of complex numbers: one addition a part, each by itself atomic. */
static gj_lv atomic_parts(gj_lcall *c, gj_ref p, gj_lv x)
{
	gj_lower *L = c->L;
	gj_ref *old;
	gj_lv v = gj_lv_new(L, c->type, &old);
	for (uint32_t i = 0, n = gj_parts(c->type); i < n; i++) {
		gj_ref a[2] = { gj_lplace(L, p, gj_part_of(c->type, i)), x.part[i] };
		old[i] = gj_esub(L, GJ_ATOMIC, (uint8_t)c->arg, gj_part_of(c->type, i).type, 2, a);
	}
	return v;
}

gj_lv gj_lower_atomic(gj_lcall *c)
{
	gj_lower *L = c->L;
	const gj_type *t = c->type, *i64 = T(GJ_I64);
	bool indexed = c->n != (c->arg == GJ_AT_CAS ? 3 : 2);
	gj_ref zero = gj_eint(L, i64, 0), a[3];
	gj_lv index = indexed ? c->a[1] : (gj_lv){ i64, NULL, &zero };
	uint32_t first = indexed ? 2 : 1, n = c->n - first;
	a[0] = gj_laddress(L, c->a[0], index, gj_lname_of(c->B->s, c->op->arg[1]));
	if (gj_is_complex(t))
		return atomic_parts(c, a[0], gj_lconv(L, c->a[first], t));
	for (uint32_t i = 0; i < n; i++)
		a[1 + i] = gj_larg(c, first + i, t);
	if (gj_is_half(t) && c->arg == GJ_AT_SUB) {
		a[1] = gj_e1(L, GJ_NEG, t, a[1]);
		return gj_lresult(c, gj_esub(L, GJ_ATOMIC, GJ_AT_ADD, t, 2, a));
	}
	return gj_lresult(c, gj_esub(L, GJ_ATOMIC, (uint8_t)c->arg, t, 1 + n, a));
}

gj_lv gj_lower_half_atomic(gj_lcall *c)
{
	gj_lcall add = *c;
	add.arg = GJ_AT_ADD;
	return gj_lower_atomic(&add);
}
