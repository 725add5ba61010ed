/* How far the object reaches that a pointer points into: arrays that are arguments bring their extents and strides, others that are
 * contiguous have them in the address of their element, as long as that is an AT. */
#include "opt/independent.h"

static const gj_type *i64(void) { return gj_scalar[GJ_I64]; }

/* A value of array argument `leaf`; UINT32_MAX: it has none. */
static uint32_t field_of(const gj_fn *f, uint32_t leaf, gj_field field, uint32_t dim)
{
	for (uint32_t i = 0; i < f->param.n; i++)
		if (f->param.p[i].leaf == leaf && f->param.p[i].field == field && f->param.p[i].dim == dim)
			return i;
	return UINT32_MAX;
}

/* The address of an element of the object itself, not of a view of it; 0: there is none. */
static gj_ref innermost(const gj_fn *f, gj_ref p)
{
	gj_ref at = 0;
	for (const gj_op *o = gj_o(f, p); gj_is_offset(o); p = o->arg[0], o = gj_o(f, p))
		if (o->op != GJ_PTRCAST)
			at = o->op == GJ_AT ? p : 0;
	return at;
}

static bool is_argument(const gj_fn *f, const gj_op *root)
{
	return root->op == GJ_PARAM && f->entry->args == GJ_ARGS_LEAVES && field_of(f, f->param.p[root->imm.i].leaf, GJ_FIELD_SHAPE, 0) != UINT32_MAX;
}

bool gj_has_extent(const gj_fn *f, gj_ref p)
{
	const gj_op *root = gj_root(f, p);
	gj_ref at = innermost(f, p);
	return is_argument(f, root) || root->op == GJ_ALLOC || (at && gj_o(f, at)->sub != 'A');
}

bool gj_has_extent_before(const gj_fn *f, gj_ref p, uint32_t loop)
{
	const gj_op *root = gj_root(f, p), *at = gj_o(f, innermost(f, p));
	bool known = gj_has_extent(f, p);
	if (!known || is_argument(f, root) || root->op == GJ_ALLOC)
		return known;
	for (uint32_t k = 0, n = (at->nargs - 2) / 2; k < n; k++)
		known &= !gj_loop_contains(f, loop, f->bb.p[gj_o(f, at->arg[1 + n + k])->block].loop);
	return known;
}

bool gj_may_fold(const gj_fn *f, gj_ref p)
{
	const gj_op *root = gj_root(f, p);
	return is_argument(f, root) && field_of(f, f->param.p[root->imm.i].leaf, GJ_FIELD_STRIDE, 0) != UINT32_MAX;
}

bool gj_is_dense(const gj_fn *f, gj_ref p) { return gj_has_extent(f, p) && !gj_may_fold(f, p); }

static gj_ref two(gj_fn *f, uint32_t b, gj_opcode op, gj_ref x, gj_ref y)
{
	gj_ref r = gj_emit(f, b, op, i64(), 0, 2, (gj_ref[]){ x, y });
	gj_o(f, r)->flags |= op == GJ_ADD || op == GJ_SUB || op == GJ_MUL ? GJ_NSW : 0;
	return r;
}

static gj_ref constant(gj_fn *f, uint32_t b, int64_t v)
{
	gj_ref r = gj_emit(f, b, GJ_CONST, i64(), 0, 0, NULL);
	gj_o(f, r)->imm.i = v;
	return r;
}

static gj_ref parameter(gj_fn *f, uint32_t b, uint32_t which)
{
	gj_ref r = gj_emit(f, b, GJ_PARAM, f->param.p[which].type, 0, 0, NULL);
	gj_o(f, r)->imm.i = which;
	return r;
}

/* Of an argument: the bytes of its elements; with strides these may begin before the first one, by *below (≤ 0). */
static gj_ref bytes_of_argument(gj_fn *f, uint32_t b, const gj_op *root, gj_ref *below)
{
	uint32_t leaf = f->param.p[root->imm.i].leaf, shape, stride = field_of(f, leaf, GJ_FIELD_STRIDE, 0);
	gj_ref size = constant(f, b, root->type->elem->size), none = constant(f, b, 0), bytes = size;
	*below = none;
	for (uint32_t d = 0; (shape = field_of(f, leaf, GJ_FIELD_SHAPE, d)) != UINT32_MAX; d++) {
		gj_ref n = parameter(f, b, shape);
		if (stride == UINT32_MAX) {
			bytes = two(f, b, GJ_MUL, bytes, n);
			continue;
		}
		gj_ref far = two(f, b, GJ_SUB, n, constant(f, b, 1)), by = parameter(f, b, field_of(f, leaf, GJ_FIELD_STRIDE, d));
		far = two(f, b, GJ_MUL, far, by);
		bytes = two(f, b, GJ_ADD, bytes, gj_emit(f, b, GJ_ABS, i64(), 0, 1, &far));
		*below = two(f, b, GJ_ADD, *below, two(f, b, GJ_MIN, far, none));
	}
	return bytes;
}

/* The object's bytes, and how far before *base they begin. */
static gj_ref reach(gj_fn *f, uint32_t b, gj_ref p, gj_ref *base, gj_ref *below)
{
	const gj_op *root = gj_root(f, p), *at = gj_o(f, innermost(f, p));
	for (*base = p; gj_o(f, *base) != root; *base = gj_o(f, *base)->arg[0])
		;
	if (is_argument(f, root))
		return bytes_of_argument(f, b, root, below);
	*below = constant(f, b, 0);
	if (root->op == GJ_ALLOC)
		return root->arg[0];
	gj_ref bytes = constant(f, b, at->type->elem->size);
	for (uint32_t k = 0, n = (at->nargs - 2) / 2; k < n; k++)
		bytes = two(f, b, GJ_MUL, bytes, at->arg[1 + n + k]);
	return bytes;
}

gj_ref gj_extent_of(gj_fn *f, uint32_t b, gj_ref p, gj_ref *base)
{
	gj_ref below;
	return reach(f, b, p, base, &below);
}

gj_ref gj_lie_apart(gj_fn *f, uint32_t b, gj_ref p, gj_ref q)
{
	gj_ref start[2], end[2], object[2] = { p, q };
	for (int k = 0; k < 2; k++) {
		gj_ref base, below, bytes = reach(f, b, object[k], &base, &below);
		start[k] = two(f, b, GJ_ADD, gj_emit(f, b, GJ_BITCAST, i64(), 0, 1, &base), below);
		end[k] = two(f, b, GJ_ADD, start[k], bytes);
	}
	gj_ref apart[2];
	for (int k = 0; k < 2; k++) {
		apart[k] = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ end[k], start[1 - k] });
		gj_o(f, apart[k])->sub = GJ_CMP_LE;
	}
	return gj_emit(f, b, GJ_OR, gj_scalar[GJ_BOOL], 0, 2, apart);
}

static gj_ref test(gj_fn *f, uint32_t b, gj_cmpop how, gj_ref x, gj_ref y)
{
	gj_ref r = gj_emit(f, b, GJ_CMP, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ x, y });
	gj_o(f, r)->sub = (uint8_t)how;
	return r;
}

/* How far apart neighbours along dimension d are, and how far the first and the last. */
static gj_ref steps(gj_fn *f, uint32_t b, uint32_t leaf, uint32_t d, gj_ref *span)
{
	gj_ref by = parameter(f, b, field_of(f, leaf, GJ_FIELD_STRIDE, d)), n = parameter(f, b, field_of(f, leaf, GJ_FIELD_SHAPE, d));
	by = gj_emit(f, b, GJ_ABS, i64(), 0, 1, &by);
	*span = two(f, b, GJ_MUL, by, two(f, b, GJ_SUB, n, constant(f, b, 1)));
	return by;
}

/* They do where each stride is longer than what the shorter ones span. */
gj_ref gj_elements_apart(gj_fn *f, uint32_t b, gj_ref p)
{
	const gj_op *root = gj_root(f, p);
	uint32_t leaf = f->param.p[root->imm.i].leaf;
	int64_t size = root->type->elem->size;
	gj_ref all = gj_emit(f, b, GJ_CONST, gj_scalar[GJ_BOOL], 0, 0, NULL), none = constant(f, b, 0);
	gj_o(f, all)->imm.i = 1;
	for (uint32_t d = 0; field_of(f, leaf, GJ_FIELD_SHAPE, d) != UINT32_MAX; d++) {
		gj_ref far, other, by = steps(f, b, leaf, d, &far), reach = constant(f, b, size);
		for (uint32_t k = 0; field_of(f, leaf, GJ_FIELD_SHAPE, k) != UINT32_MAX; k++) {
			if (k == d)
				continue;
			gj_ref shorter = test(f, b, GJ_CMP_LE, steps(f, b, leaf, k, &other), by);
			reach = two(f, b, GJ_ADD, reach, gj_emit(f, b, GJ_SELECT, i64(), 0, 3, (gj_ref[]){ shorter, other, none }));
		}
		gj_ref single = test(f, b, GJ_CMP_LE, parameter(f, b, field_of(f, leaf, GJ_FIELD_SHAPE, d)), constant(f, b, 1));
		gj_ref fits = gj_emit(f, b, GJ_OR, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ single, test(f, b, GJ_CMP_GE, by, reach) });
		all = gj_emit(f, b, GJ_AND, gj_scalar[GJ_BOOL], 0, 2, (gj_ref[]){ all, fits });
	}
	return all;
}
