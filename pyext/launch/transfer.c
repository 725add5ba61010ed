/* What happens to arguments once they are read: facts for the optimiser, conversion to an explicit signature, and the
 * round trip of host arrays through device memory. */
#include "launch/transfer.h"

#include "base/half.h"
#include "memory/buffer.h"
#include "memory/extent.h"
#include "printed.h"
#include "types/dtype.h"
#include "types/fields.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* -- Facts -------------------------------------------------------------------------------------------------------- */

/* What GJ_FACT_IDX32 says of an array. Extents are held against the item size one by one: where a stride is 0 or another
 * extent is 0, the bytes say nothing of them. */
static bool fits31(const gj_arg *x, uintptr_t bytes)
{
	int64_t size = x->type->elem->size, items, span;
	if (bytes > INT32_MAX - GJ_INDEX_SLACK)
		return false;
	for (int i = 0; i < x->type->ndim; i++)
		if (__builtin_mul_overflow(size, x->shape[i], &items) || items > INT32_MAX
			|| __builtin_mul_overflow(x->strides[i], x->shape[i], &span) || span > INT32_MAX || span < -INT32_MAX)
			return false;
	return true;
}

/* The bytes of an array without gaps; 0: it has some, or no items. */
static uintptr_t packed(const gj_arg *x)
{
	uintptr_t bytes = x->type->layout == 'A' ? 0 : x->type->elem->size;
	for (int i = 0; i < x->type->ndim; i++)
		bytes *= (uintptr_t)x->shape[i];
	return bytes;
}

/* Bytes that arrays cover, in two lists: pairs would be stored by halves and read as wholes, for which processors wait. */
typedef struct { uint32_t n; uintptr_t lo[32], hi[32]; } ranges;

static bool overlaps(const ranges *r, uintptr_t lo, uintptr_t hi)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->lo[i] < hi && lo < r->hi[i])
			return true;
	return false;
}

/* May two indices of a strided array lead to one place? They do not where each stride is longer than what the shorter ones span. */
static bool meets_itself(const gj_arg *x)
{
	for (int d = 0; d < x->type->ndim; d++) {
		int64_t span = x->type->elem->size, own = llabs(x->strides[d]), far;
		for (int k = 0; k < x->type->ndim && x->shape[d] > 1; k++)
			if (k != d && x->shape[k] > 1 && llabs(x->strides[k]) <= own
			    && (__builtin_mul_overflow(llabs(x->strides[k]), x->shape[k] - 1, &far) || __builtin_add_overflow(span, far, &span)))
				return true;
		if (x->shape[d] > 1 && own < span)
			return true;
	}
	return false;
}

/* Which of gj_fact_strides are the array's along dimension d, a bit each. */
static uint32_t steps_of(const gj_arg *x, int d)
{
	int64_t size = x->type->elem->size, stride = x->strides[d];
	if (x->shape[d] <= 1)
		return (1u << GJ_NFACT_STRIDES) - 1;
	for (uint32_t i = 0; i < GJ_NFACT_STRIDES; i++)
		if (stride == gj_fact_strides[i] * size)
			return 1u << i;
	return 0;
}

/* Which of the bits of GJ_FACTS_STRIDES hold for a strided array: a slice of rows, every second item, a transposed plane … */
static uint32_t known_strides(const gj_arg *x)
{
	int last = x->type->ndim - 1;
	uint32_t inner = steps_of(x, last), outer = last ? steps_of(x, 0) : inner;
	return (inner | outer << GJ_NFACT_STRIDES) << GJ_FACT_STRIDE_SHIFT;
}

/* Are rows of an array of several dimensions whole pairs of items, and of 8 bytes? */
static bool has_aligned_rows(const gj_arg *x)
{
	const gj_type *t = x->type;
	uint32_t size = t->elem->size, least = gj_row_bytes(size);
	return t->ndim < 2 || (t->layout != 'A' && x->shape[t->layout == 'C' ? t->ndim - 1 : 0] * (int64_t)size % least == 0);
}

/* Any overlap counts: which arrays are written is known only after compiling. Beyond 32 arrays nobody checks. */
uint32_t gj_args_facts(const gj_args *a)
{
	ranges seen;
	uint32_t strides = 0;
	bool strided = false;
	uint32_t facts = GJ_FACT_IDX32 | GJ_FACT_NOALIAS | GJ_FACT_ALIGN16 | GJ_FACT_ALIGNED_ROWS;
	seen.n = 0;
	for (uint32_t i = 0; i < a->nleaves; i++) {
		const gj_arg *x = &a->leaf[i];
		if (x->type->kind == GJ_PTR)           /* to anything */
			facts &= ~(uint32_t)(GJ_FACT_NOALIAS | (x->data & 15 ? GJ_FACT_ALIGN16 : 0));
		if (x->type->kind != GJ_ARRAY)
			continue;
		uintptr_t lo = x->data, bytes = packed(x), hi = lo + bytes;
		if (x->type->layout == 'A' && x->type->ndim) {
			uint32_t known = known_strides(x);
			strides = strided ? strides & known : known;
			strided = true;
			if (!x->type->readonly && meets_itself(x))
				facts &= ~(uint32_t)GJ_FACT_NOALIAS;
		}
		if (!bytes)
			gj_byte_range(x->type, x->data, x->shape, x->strides, &lo, &hi);
		if (x->data & 15)
			facts &= ~(uint32_t)GJ_FACT_ALIGN16;
		if (!has_aligned_rows(x))
			facts &= ~(uint32_t)GJ_FACT_ALIGNED_ROWS;
		if (bytes ? bytes > INT32_MAX - GJ_INDEX_SLACK : !fits31(x, hi - lo))
			facts &= ~(uint32_t)GJ_FACT_IDX32;
		if (seen.n == GJ_LEN(seen.lo) || overlaps(&seen, lo, hi))
			facts &= ~(uint32_t)GJ_FACT_NOALIAS;
		else {
			seen.lo[seen.n] = lo;
			seen.hi[seen.n++] = hi;
		}
	}
	return facts | (strides & -strides);       /* one of them says enough */
}

/* -- Conversion --------------------------------------------------------------------------------------------------- */

/* Float to integer as kernels do it on both devices: towards zero, saturating, NaN as the crib's table says. */
static int64_t to_signed(double x)
{
	return isnan(x) ? INT64_MIN : x >= 0x1p63 ? INT64_MAX : x < -0x1p63 ? INT64_MIN : (int64_t)x;
}

static uint64_t to_unsigned(double x)
{
	return isnan(x) ? (uint64_t)1 << 63 : x >= 0x1p64 ? UINT64_MAX : x < 0 ? 0 : (uint64_t)x;
}

static double as_double(const gj_arg *x)
{
	switch (x->type->kind) {
	case GJ_F16: case GJ_BF16: return gj_half_value((uint16_t)x->value.u, x->type->kind == GJ_BF16);
	case GJ_F32: case GJ_C64: return (double)x->value.f4;
	case GJ_F64: case GJ_C128: return x->value.f;
	case GJ_U64: return (double)x->value.u;
	default:     return 0;
	}
}

/* Integers and bool, sign- or zero-extended to 64 bits. */
static int64_t as_int(const gj_arg *x)
{
	switch (x->type->kind) {
	case GJ_I8:  return (int8_t)x->value.u;
	case GJ_I16: return (int16_t)x->value.u;
	case GJ_I32: return (int32_t)x->value.u;
	case GJ_BOOL: case GJ_U8: return (uint8_t)x->value.u;
	case GJ_U16: return (uint16_t)x->value.u;
	case GJ_U32: return (uint32_t)x->value.u;
	default:     return x->value.i;
	}
}

static void store_int(gj_arg *x, const gj_type *to, bool from_float)
{
	if (!from_float) {
		x->value.i = as_int(x);
		return;
	}
	double f = as_double(x), most = to->size == 8 ? 0 : ldexp(1, 31 + gj_is_unsigned(to));
	if (to->size < 8 && f >= most)
		f = most - 1;
	if (to->size < 8 && gj_is_signed(to) && f < -most)
		f = -most;
	if (to->size < 8 && isnan(f))
		f = 0;
	x->value.u = gj_is_unsigned(to) ? to_unsigned(f) : (uint64_t)to_signed(f);
}

static void store_float(gj_arg *x, const gj_type *to, double re, double im)
{
	switch (to->kind) {
	case GJ_F16: case GJ_BF16: x->value.u = gj_half_bits(re, to->kind == GJ_BF16); break;
	case GJ_F32: x->value.f4 = (float)re; break;
	case GJ_F64: x->value.f = re; break;
	case GJ_C64: memcpy(x->value.b, (float[]){ (float)re, (float)im }, 8); break;
	default:     x->value.c[0] = re, x->value.c[1] = im; break;
	}
}

static void convert_scalar(gj_arg *x, const gj_type *to)
{
	const gj_type *from = x->type;
	bool real = gj_is_float(from) || gj_is_complex(from);
	if (to->kind == GJ_BOOL)
		x->value.u = real ? as_double(x) != 0 : as_int(x) != 0;
	else if (gj_is_int(to))
		store_int(x, to, real);
	else {
		double re = real || from->kind == GJ_U64 ? as_double(x) : (double)as_int(x);
		double im = from->kind == GJ_C128 ? x->value.c[1] : 0;
		if (from->kind == GJ_C64)
			im = (double)((const float *)(const void *)x->value.b)[1];
		store_float(x, to, re, im);
	}
	x->type = to;
}

static void convert_leaf(gj_arg *leaf, const gj_type *to)
{
	if (leaf->type == to || to->kind == GJ_RECORD)
		return;
	if (gj_is_scalar(to))
		convert_scalar(leaf, to);
	else if (to->kind == GJ_PTR)
		leaf->data = (gj_devptr)leaf->value.u, leaf->type = to;
	else {
		leaf->readonly = leaf->type->readonly && !to->readonly;
		leaf->type = to;
	}
}

/* Leaves of what stands for a value where there is none: zeros, and arrays without elements. */
static gj_arg *zero_leaves(gj_arg *leaf, const gj_type *t)
{
	if (t->kind == GJ_TUPLE) {
		for (uint32_t i = 0; i < t->n; i++)
			leaf = zero_leaves(leaf, t->item[i]);
		return leaf;
	}
	if (t->kind == GJ_OPTIONAL)
		return zero_leaves(zero_leaves(leaf, gj_scalar[GJ_BOOL]), t->elem);
	leaf->type = t;
	leaf->shape = leaf->dims;
	leaf->strides = leaf->dims + GJ_MAX_NDIM;
	return leaf + 1;
}

/* Leaves of one argument, from number `at` on; returns the number behind the last, UINT32_MAX: exception. */
static uint32_t convert_leaves(gj_args *a, uint32_t at, const gj_type *from, const gj_type *to)
{
	if (to->kind == GJ_TUPLE) {
		for (uint32_t i = 0; at != UINT32_MAX && i < to->n; i++)
			at = convert_leaves(a, at, from->item[i], to->item[i]);
		return at;
	}
	if (to->kind != GJ_OPTIONAL) {
		convert_leaf(&a->leaf[at], to);
		return at + 1;
	}
	bool none = from == gj_t_none;                 /* whose leaf becomes that of whether there is a value */
	if (!gj_args_open(a, at + none, none ? gj_leaves(to->elem) : 1))
		return UINT32_MAX;
	a->leaf[at].type = gj_scalar[GJ_BOOL];
	a->leaf[at].value.u = !none;
	if (!none)
		return convert_leaves(a, at + 1, from, to->elem);
	zero_leaves(&a->leaf[at + 1], to->elem);
	return at + 1 + gj_leaves(to->elem);
}

/* A signature says nothing of what is written, so a read-only array fits as any other does: whether the kernel writes to
 * it is known once it is compiled. */
bool gj_args_fit(const gj_type *given, const gj_type *want)
{
	bool tuples = given->kind == GJ_TUPLE && want->kind == GJ_TUPLE && given->n == want->n && gj_takes_names(given, want);
	for (uint32_t i = 0; tuples && i < given->n; i++)
		if (!gj_args_fit(given->item[i], want->item[i]))
			return false;
	if (tuples)
		return true;
	if (want->kind == GJ_OPTIONAL && given != gj_t_none)
		return gj_args_fit(given, want->elem);
	if (given->kind == GJ_ARRAY && given->readonly && want->kind == GJ_ARRAY)
		given = gj_array_at(given->elem, given->ndim, given->layout, false, (gj_space)given->space, given->align);
	if (want->kind == GJ_PTR)                  /* an address */
		return given->kind == GJ_I64 || given->kind == GJ_U64;
	return given == want || gj_can_convert(given, want);
}

bool gj_args_convert(gj_args *a, const gj_type *const *to)
{
	for (uint32_t i = 0; i < a->nargs; i++)
		if (!gj_args_fit(a->type[i], to[i]))
			return false;
	uint32_t leaf = 0;
	for (uint32_t i = 0; leaf != UINT32_MAX && i < a->nargs; i++) {
		const gj_type *given = a->type[i];
		a->type[i] = gj_in_spaces_of(to[i], given);        /* functions stay known */
		leaf = convert_leaves(a, leaf, given, a->type[i]);
	}
	return leaf != UINT32_MAX;
}

/* -- Host arrays -------------------------------------------------------------------------------------------------- */

/* Contiguous and aligned in the layout that its type promises. */
static PyArrayObject *contiguous(PyArrayObject *host, const gj_type *elem)
{
	if (gj_is_aligned(host, elem) && (PyArray_IS_C_CONTIGUOUS(host) || PyArray_IS_F_CONTIGUOUS(host)))
		return (PyArrayObject *)Py_NewRef(host);
	bool f = PyArray_IS_F_CONTIGUOUS(host) && !PyArray_IS_C_CONTIGUOUS(host);
	return (PyArrayObject *)PyArray_NewCopy(host, f ? NPY_FORTRANORDER : NPY_CORDER);
}

/* The same memory seen in the same way? */
static bool same_view(const gj_arg *x, const gj_arg *y)
{
	size_t n = sizeof(int64_t) * x->type->ndim;
	return x->array && y->array && x->type->elem == y->type->elem && x->type->ndim == y->type->ndim
		&& PyArray_DATA(x->array) == PyArray_DATA(y->array)
		&& !memcmp(PyArray_DIMS(x->array), PyArray_DIMS(y->array), n)
		&& !memcmp(PyArray_STRIDES(x->array), PyArray_STRIDES(y->array), n);
}

/* An array that is passed twice is one array in the kernel: it is copied in, and back, if one of its arguments is. */
static void join(gj_args *a, uint32_t i)
{
	gj_arg *x = &a->leaf[i], *y = x->array ? a->leaf : x;
	while (y < x && !(y->first == (uint32_t)(y - a->leaf) && same_view(x, y)))
		y++;
	x->first = (uint32_t)(y - a->leaf);
	if (y == x)
		return;
	y->skip_in &= x->skip_in;
	y->skip_out &= x->skip_out;
	if (y->host && x->host && !PyArray_ISWRITEABLE(y->host) && PyArray_ISWRITEABLE(x->host)) {
		PyArrayObject *host = y->host;
		y->host = x->host;
		x->host = host;
	}
}

static bool place_on_device(gj_args *a, gj_arg *x, gj_stream *stream)
{
	gj_device *dev = a->dev;
	size_t n = (size_t)PyArray_NBYTES(x->temp);
	if (n == 0)
		return true;
	gj_status status = dev->ops->alloc(dev, n, stream, &x->copy);
	if (status != GJ_OK)
		return gj_status_error(status, "copying an array argument to the device"), false;
	x->owns_copy = true;
	x->data = x->copy;
	return x->skip_in || gj_copy_bytes(dev, GJ_H2D, x->copy, (uintptr_t)PyArray_DATA(x->temp), n, stream,
		"copying an array argument to the device");
}

/* The place that the first of its kind has got. */
static void share(gj_arg *x, const gj_arg *first)
{
	x->temp = (PyArrayObject *)Py_NewRef(first->temp);
	x->data = first->data;
	x->copy = first->copy;
	gj_arg_dims(x, x->temp);
}

/* Makes x->temp, in whose place the copy comes. */
static bool straighten(gj_arg *x)
{
	if (!gj_args_unchanged(x) || !(x->temp = contiguous(x->host, x->type->elem)))
		return false;
	gj_arg_dims(x, x->temp);
	x->data = (gj_devptr)PyArray_DATA(x->temp);
	return true;
}

/* Whether this leaf has memory of its own that the device cannot use. */
static bool is_own(const gj_args *a, uint32_t i) { return a->leaf[i].host && a->leaf[i].first == i; }

enum { MOST_NEAR = 1 << 16 /* accesses over the bus */ };

bool gj_args_stay_near(const gj_args *a, const gj_image *image, double threads)
{
	if (!image->accesses || threads * image->accesses > MOST_NEAR || image->nleaves != a->nleaves)
		return false;
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (a->leaf[i].host && image->written[i] && !a->leaf[i].skip_out)
			return true;
	return false;
}

static bool copy_parcels(gj_args *a, gj_copy how, const gj_parcel *parcel, uint32_t n, const char *what)
{
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = a->dev->ops->copy_parcels(a->dev, how, a->together, parcel, n);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return status == GJ_OK || (gj_status_error(status, what), false);
}

enum { MAX_PARCELS = 12, PARCEL_ALIGNED = 256 };

/* A plan of one block for all host arrays, those that are copied to the device first; *in: how many they are. Returns how many
 * there are, 0: they do not fit. */
static uint32_t plan_block(const gj_args *a, gj_parcel *parcel, uint32_t *leaf, uint32_t *in, size_t *end)
{
	uint32_t n = 0;
	*end = 0;
	for (int skip = 0; skip < 2; skip++) {
		for (uint32_t i = 0; i < a->nleaves; i++) {
			size_t bytes = is_own(a, i) && a->leaf[i].skip_in == skip ? (size_t)PyArray_NBYTES(a->leaf[i].temp) : 0;
			if (!bytes)
				continue;
			if (n == MAX_PARCELS || bytes > GJ_PARCELS_BYTES - *end)
				return 0;
			leaf[n] = i;
			parcel[n++] = (gj_parcel){ (uintptr_t)PyArray_DATA(a->leaf[i].temp), *end, bytes };
			*end = (*end + bytes + PARCEL_ALIGNED - 1) / PARCEL_ALIGNED * PARCEL_ALIGNED;
		}
		if (!skip)
			*in = n;
	}
	return n;
}

static const char to_device[] = "copying array arguments to the device";

/* Memory for all host arrays, and what comes first in it. */
static bool fill_block(gj_args *a, const gj_parcel *parcel, uint32_t n, size_t bytes)
{
	gj_status status = a->near ? a->dev->ops->lend(a->dev, &a->lent) : GJ_OK;
	if (status == GJ_OK && !a->lent.host)
		status = a->dev->ops->alloc(a->dev, bytes, NULL, &a->together);
	if (status != GJ_OK)
		return gj_status_error(status, to_device), false;
	if (!a->lent.host)
		return copy_parcels(a, GJ_H2D, parcel, n, to_device);
	a->together = a->lent.at;
	for (uint32_t i = 0; i < n; i++)
		memcpy((char *)a->lent.host + parcel[i].at, (const void *)parcel[i].host, parcel[i].bytes);
	return true;
}

/* Small arrays, on the default stream, cross the bus together. *done: they do. */
static bool place_together(gj_args *a, bool *done)
{
	gj_parcel parcel[MAX_PARCELS];
	uint32_t leaf[MAX_PARCELS], in, n;
	size_t bytes;
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (is_own(a, i) && !straighten(&a->leaf[i]))
			return false;
	n = plan_block(a, parcel, leaf, &in, &bytes);
	if (!(*done = n))
		return true;
	bool ok = fill_block(a, parcel, in, bytes);
	for (uint32_t i = 0; i < n && a->together; i++) {
		gj_arg *x = &a->leaf[leaf[i]];
		x->data = x->copy = a->together + parcel[i].at;
		x->owns_copy = i == 0 && !a->lent.host;
	}
	return ok;
}

static void hand_back(gj_args *a)
{
	if (a->lent.host)
		a->dev->ops->hand_back(a->dev, a->lent);
	a->lent.host = NULL;
}

/* All of the block goes, wherever in it the arrays lie. */
bool gj_args_send(gj_args *a)
{
	gj_parcel all = { (uintptr_t)a->lent.host, 0, GJ_PARCELS_BYTES };
	gj_devptr block = 0;
	bool owned = false;
	gj_status status = a->dev->ops->alloc(a->dev, all.bytes, NULL, &block);
	if (status != GJ_OK)
		return gj_status_error(status, to_device), false;
	for (uint32_t i = 0; i < a->nleaves; i++) {
		gj_arg *x = &a->leaf[i];
		if (!x->copy)
			continue;
		x->data = x->copy = block + (x->copy - a->together);
		x->owns_copy = x->first == i && !owned && x->copy == block;
		owned |= x->owns_copy;
	}
	a->together = block;
	bool ok = copy_parcels(a, GJ_H2D, &all, 1, to_device);
	hand_back(a);
	return ok;
}

static bool place(gj_args *a, gj_arg *x, gj_stream *stream)
{
	if (&a->leaf[x->first] != x)
		return gj_args_unchanged(x) && (share(x, &a->leaf[x->first]), true);
	if (!x->temp && !straighten(x))
		return false;
	return a->dev->ops->host_memory || x->copy || place_on_device(a, x, stream);
}

bool gj_args_place(gj_args *a, gj_stream *stream)
{
	if (a->nhost && gj_config.warn_copy && !a->dev->ops->host_memory) {
		PyObject *cls = gj_import("gridjit.errors", "NumbaPerformanceWarning");
		int bad = !cls || PyErr_WarnEx(cls, "host arrays are copied to the GPU and back for this launch: "
			"cuda.to_device() keeps them there", 1);
		Py_XDECREF(cls);
		if (bad)
			return false;
	}
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (a->leaf[i].array && !gj_args_unchanged(&a->leaf[i]))
			return false;
	for (uint32_t i = 0; i < a->nleaves; i++)
		join(a, i);
	bool together = false;
	if (a->nhost && !stream && !a->dev->ops->host_memory && !place_together(a, &together))
		return false;
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (a->leaf[i].host && !place(a, &a->leaf[i], stream))
			return false;
	return true;
}

/* -- Arrays that are used in place -------------------------------------------------------------------------------- */

static void find_written(gj_args *a, const gj_image *image)
{
	for (uint32_t i = 0; i < a->nleaves && i < image->nleaves; i++)
		a->leaf[a->leaf[i].first].written |= image->written[i];
}

/* Where the device works in place, an array that is not to be copied back gets a copy, if the kernel writes to it. */
bool gj_args_shield(gj_args *a, const gj_image *image, bool *moved)
{
	*moved = false;
	if (!a->nkeep)
		return true;
	find_written(a, image);
	for (uint32_t i = 0; i < a->nleaves; i++) {
		gj_arg *x = &a->leaf[i], *first = &a->leaf[x->first];
		if (!x->array || x->temp || !first->written || !first->skip_out)
			continue;
		if (!gj_args_unchanged(x))
			return false;
		if (x == first) {
			if (!(x->temp = (PyArrayObject *)PyArray_NewCopy(x->array, PyArray_IS_F_CONTIGUOUS(x->array)
				&& !PyArray_IS_C_CONTIGUOUS(x->array) ? NPY_FORTRANORDER : NPY_CORDER)))
				return false;
			x->data = (gj_devptr)PyArray_DATA(x->temp);
			gj_arg_dims(x, x->temp);
		} else
			share(x, first);
		x->host = (PyArrayObject *)Py_NewRef(x->array);
		a->nhost++;
		*moved = true;
	}
	return true;
}

bool gj_args_in_place(const gj_args *a)
{
	for (uint32_t i = 0; i < a->nleaves && a->narrays; i++)
		if (a->leaf[i].array && !a->leaf[i].temp && !gj_args_unchanged(&a->leaf[i]))
			return false;
	return true;
}

/* -- The way back ------------------------------------------------------------------------------------------------- */

/* Has somebody put the memory away to which the copy goes? */
static bool still_there(const gj_arg *x, size_t n)
{
	if ((size_t)PyArray_NBYTES(x->temp) == n && (PyArray_IS_C_CONTIGUOUS(x->temp) || PyArray_IS_F_CONTIGUOUS(x->temp)))
		return true;
	gj_error(GJ_ERR_ARG_CHANGED);
	return false;
}

static size_t bytes_of(const gj_arg *x)
{
	size_t n = x->type->elem->size;
	for (uint32_t d = 0; d < x->type->ndim; d++)
		n *= (size_t)x->shape[d];
	return n;
}

/* Is this an array that the kernel may have written and that is wanted back? */
static bool comes_back(const gj_args *a, uint32_t i)
{
	const gj_arg *x = &a->leaf[i];
	return x->temp && x->first == i && x->written && !x->skip_out && PyArray_ISWRITEABLE(x->host);
}

static bool copy_back(gj_args *a, gj_arg *x, gj_stream *stream)
{
	size_t n = bytes_of(x);
	if (x->copy && (!still_there(x, n) || !gj_copy_bytes(a->dev, GJ_D2H, (uintptr_t)PyArray_DATA(x->temp), x->copy, n,
		stream, "copying an array argument back from the device")))
		return false;
	return x->temp == x->host || PyArray_CopyInto(x->host, x->temp) == 0;
}

static const char from_device[] = "copying array arguments back from the device";

/* Until the kernel is done with memory that it reaches in place. */
static bool wait(gj_args *a)
{
	gj_status status;
	Py_BEGIN_ALLOW_THREADS
	status = a->dev->ops->stream_sync(a->dev, NULL);
	Py_END_ALLOW_THREADS
	gj_show_any();
	return status == GJ_OK || (gj_status_error(status, from_device), false);
}

static bool back_together(gj_args *a)
{
	gj_parcel parcel[MAX_PARCELS];
	uint32_t n = 0;
	if (a->lent.host && !wait(a))
		return false;
	for (uint32_t i = 0; i < a->nleaves; i++) {
		const gj_arg *x = &a->leaf[i];
		if (!comes_back(a, i) || !x->copy)
			continue;
		if (!still_there(x, bytes_of(x)))
			return false;
		parcel[n++] = (gj_parcel){ (uintptr_t)PyArray_DATA(x->temp), x->copy - a->together, bytes_of(x) };
	}
	for (uint32_t i = 0; i < n && a->lent.host; i++)
		memcpy((void *)parcel[i].host, (const char *)a->lent.host + parcel[i].at, parcel[i].bytes);
	if (!a->lent.host && !copy_parcels(a, GJ_D2H, parcel, n, from_device))
		return false;
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (comes_back(a, i) && a->leaf[i].temp != a->leaf[i].host && PyArray_CopyInto(a->leaf[i].host, a->leaf[i].temp) < 0)
			return false;
	return true;
}

bool gj_args_return(gj_args *a, gj_stream *stream, const gj_image *image, bool ok)
{
	if (!a->nhost)
		return ok;
	if (image)
		find_written(a, image);
	if (a->together && ok)
		ok = back_together(a);
	for (uint32_t i = 0; i < a->nleaves && ok && !a->together; i++)
		if (comes_back(a, i))
			ok = copy_back(a, &a->leaf[i], stream);
	hand_back(a);
	for (uint32_t i = 0; i < a->nleaves; i++)
		if (a->leaf[i].owns_copy)
			a->dev->ops->free(a->dev, a->leaf[i].copy, stream);
	return ok;
}
