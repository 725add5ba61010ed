/* kernel[grid, block, stream, shared]: reading it, and what it means for the device and for the compiler. */
#include "launch/config.h"

#include "launch/dispatcher.h"

#include <stddef.h>
#include <string.h>

enum { LEAST_OF_NEIGHBOURS = 1 << 18 /* threads of a launch */ };

static const char axis_name[] = "xyz";

static void wrong_extent(PyObject *number, bool zero, const char *what, int axis)
{
	PyObject *text = PyObject_Str(number);
	const char *s = text ? PyUnicode_AsUTF8(text) : "a number of thousands of digits";
	if (zero)
		gj_error(GJ_ERR_CONFIG_ZERO, what, axis_name[axis]);
	else
		gj_error(GJ_ERR_CONFIG_RANGE, what, axis_name[axis], s);
	Py_XDECREF(text);
}

/* One extent; false: exception. */
static bool read_extent(PyObject *o, const char *what, int axis, uint32_t *out)
{
	bool exact = PyLong_CheckExact(o);
	PyObject *n = exact ? o : PyNumber_Index(o);
	if (!n)
		return gj_forgive(PyExc_TypeError) ? (gj_error(GJ_ERR_CONFIG_TYPE, what, Py_TYPE(o)->tp_name), false) : false;
	int overflow;
	long long v = PyLong_AsLongLongAndOverflow(n, &overflow);
	bool right = !overflow && v >= 1 && v <= UINT32_MAX;
	*out = right ? (uint32_t)v : 0;
	if (!right)
		wrong_extent(n, v == 0 && !overflow, what, axis);
	if (!exact)
		Py_DECREF(n);
	return right;
}

static bool read_shape(PyObject *o, const char *what, uint32_t out[3])
{
	int64_t n0;
	out[0] = out[1] = out[2] = 1;
	if (PyLong_CheckExact(o))
		return gj_int64(o, &n0) && n0 >= 1 && n0 <= UINT32_MAX ? (out[0] = (uint32_t)n0, true) : read_extent(o, what, 0, &out[0]);
	if (!PyTuple_Check(o) && !PyList_Check(o))
		return read_extent(o, what, 0, &out[0]);
	PyObject *shape = PySequence_Tuple(o);     /* __index__ of an item could change a list */
	Py_ssize_t n = shape ? PyTuple_GET_SIZE(shape) : 0;
	bool ok = n >= 1 && n <= 3;
	if (shape && !ok)
		gj_error(GJ_ERR_CONFIG_RANK, what, (int)n);
	for (int i = 0; ok && i < n; i++)
		ok = read_extent(PyTuple_GET_ITEM(shape, i), what, i, &out[i]);
	Py_XDECREF(shape);
	return ok;
}

static bool read_shared(PyObject *o, uint32_t *out)
{
	long long v = PyIndex_Check(o) ? PyNumber_AsSsize_t(o, NULL) : -1;
	if (!PyIndex_Check(o))
		return gj_error(GJ_ERR_CONFIG_SHARED_TYPE, Py_TYPE(o)->tp_name), false;
	if (PyErr_Occurred())
		return false;
	if (v < 0 || v > INT32_MAX)
		return gj_error(GJ_ERR_CONFIG_SHARED_RANGE, v), false;
	*out = (uint32_t)v;
	return true;
}

/* -- What the compiler may know ----------------------------------------------------------------------------------- */

/* Can blocks have k times fewer threads along x, so that whole warps remain? In planes these are two or more, of rows of 8 threads; on
 * the CPU device lanes run along x. */
static bool can_be(uint32_t row, uint32_t columns, bool planes, uint32_t k)
{
	uint32_t least = planes && gj_config.neighbours > 0 ? 8 : 32;
	return row % (least * k) == 0 && (!planes || row * columns % (64 * k) == 0);
}

/* Only large launches: it takes a compilation of its own, and small ones gain nothing. */
static uint32_t neighbours(const gj_launch_config *c)
{
	if ((uint64_t)c->grid[0] * c->block[0] * c->grid[1] * c->block[1] * c->grid[2] * c->block[2] < LEAST_OF_NEIGHBOURS)
		return 0;
	int most = gj_config.neighbours < 0 ? -gj_config.neighbours : gj_config.neighbours;
	uint32_t columns = c->block[1] * c->block[2];
	bool planes = columns > 1 || c->grid[1] > 1 || c->grid[2] > 1;
	uint32_t halves = can_be(c->block[0], columns, planes, 2) ? GJ_FACT_HALVES : 0;
	uint32_t quarters = can_be(c->block[0], columns, planes, 4) ? GJ_FACT_QUARTERS : 0;
	if (most < 2 || !(halves | quarters))
		return 0;
	return (most == 4 && quarters ? quarters : halves | quarters) | (planes ? GJ_FACT_ALIGNED_ROWS : 0);
}

/* Vectors that fit into so many threads along an axis: 0 none, 1 of 8, 2 of 16, 3 of 32. */
static uint32_t vectors_in(uint32_t threads) { return threads % 32 == 0 ? 3 : threads % 16 == 0 ? 2 : threads % 8 == 0; }

/* Are blocks and threads along an axis so few that indices fit in 31 bits? */
static bool fits31(const gj_launch_config *c, int d)
{
	return c->grid[d] < 1u << 23 && (uint64_t)c->grid[d] * c->block[d] < 1u << 30;
}

/* Of a grid in several dimensions: what holds of its blocks, and of all of it, whatever these are. */
static uint32_t shape_facts(const gj_launch_config *c)
{
	static const uint32_t wide[3] = { GJ_FACT_WIDE_X, GJ_FACT_WIDE_Y, GJ_FACT_WIDE_Z };
	uint32_t full = GJ_FACT_FULL_GRID, facts = vectors_in(c->block[1]) << GJ_FACT_COLUMNS_SHIFT | vectors_in(c->block[2]) << GJ_FACT_DEPTHS_SHIFT;
	for (int d = 0; d < 3; d++) {
		uint64_t threads = (uint64_t)c->grid[d] * c->block[d];
		facts |= threads >= 32 ? wide[d] : 0;
		full = threads >= 32 && threads % 32 ? 0 : full;
	}
	return facts | full;
}

uint32_t gj_launch_config_facts(const gj_launch_config *c)
{
	uint32_t facts = fits31(c, 0) ? GJ_FACT_IDX32 : 0;
	bool line = c->block[1] == 1 && c->block[2] == 1;
	if (line || c->block[0] % 32 == 0)
		facts |= GJ_FACT_LANES_X;
	else if (c->block[0] % 8 == 0)
		facts |= c->block[0] % 16 == 0 ? GJ_FACT_ROWS_16 : GJ_FACT_ROWS_8;
	if (c->block[0] * c->block[1] * c->block[2] % 32 == 0)
		facts |= GJ_FACT_FULL_WARPS;
	if (!line || c->grid[1] != 1 || c->grid[2] != 1) {
		facts &= fits31(c, 1) && fits31(c, 2) ? UINT32_MAX : ~(uint32_t)GJ_FACT_IDX32;
		facts |= shape_facts(c);
	}
	return facts | neighbours(c);
}

/* -- Reading it ------------------------------------------------------------------------------------------------------ */

/* What follows from grid and block: most launches have those of the last one. */
static void find_facts(gj_launch_config *c, const gj_dispatcher *kernel)
{
	const gj_launch_config *r = &kernel->recent;
	bool known = r->settings == gj_config.changes && !memcmp(r, c, offsetof(gj_launch_config, shared));
	c->settings = gj_config.changes;
	c->facts = known ? r->facts : gj_launch_config_facts(c);
	c->fits = known ? r->fits : NULL;
}

/* What stands in kernel[…]: a tuple of 2 to 4. */
static bool read_config(gj_launch_config *c, PyObject *key, const gj_dispatcher *kernel)
{
	Py_ssize_t n = PyTuple_Check(key) ? PyTuple_GET_SIZE(key) : 1;
	c->stream = NULL;
	c->shared = 0;
	if (n < 2 || n > 4)
		return gj_error(GJ_ERR_CONFIG_COUNT, (int)n, gj_dispatcher_name(kernel)), false;
	if (!read_shape(PyTuple_GET_ITEM(key, 0), "grid", c->grid) || !read_shape(PyTuple_GET_ITEM(key, 1), "block", c->block))
		return false;
	find_facts(c, kernel);
	PyObject *stream = n > 2 ? PyTuple_GET_ITEM(key, 2) : Py_None;
	if (stream != Py_None && !(PyLong_CheckExact(stream) && PyLong_AsLong(stream) == 0 && !PyErr_Occurred())) {
		c->stream = Py_NewRef(stream);
		gj_forgive(PyExc_OverflowError);       /* of a number that is a handle */
	}
	return n < 4 || read_shared(PyTuple_GET_ITEM(key, 3), &c->shared);
}

bool gj_launch_config_read(gj_launch_config *c, PyObject *key, const gj_dispatcher *kernel)
{
	PyObject *tuple = PyList_Check(key) ? PyList_AsTuple(key) : Py_NewRef(key);
	bool ok = tuple && read_config(c, tuple, kernel);
	Py_XDECREF(tuple);
	return ok;
}

/* -- What the device can do --------------------------------------------------------------------------------------- */

static bool check_extents(const gj_launch_config *c, const gj_device *dev)
{
	const gj_device_info *info = &dev->info;
	uint64_t threads = (uint64_t)c->block[0] * c->block[1] * c->block[2];
	if (threads > (uint64_t)info->max_threads_per_block || c->block[0] > INT32_MAX || c->block[1] > INT32_MAX)
		return gj_error(GJ_ERR_CONFIG_THREADS, (unsigned long long)threads, c->block[0], c->block[1], c->block[2],
			info->max_threads_per_block), false;
	for (int i = 0; i < 3; i++) {
		if (c->block[i] > (uint32_t)info->max_block[i])
			return gj_error(GJ_ERR_CONFIG_EXTENT, "block", axis_name[i], c->block[i], info->max_block[i]), false;
		if (c->grid[i] > (uint32_t)info->max_grid[i])
			return gj_error(GJ_ERR_CONFIG_EXTENT, "grid", axis_name[i], c->grid[i], info->max_grid[i]), false;
	}
	return true;
}

bool gj_launch_config_fits(const gj_launch_config *c, const gj_specialisation *s)
{
	uint64_t threads = (uint64_t)c->block[0] * c->block[1] * c->block[2];
	uint64_t shared = (uint64_t)c->shared + s->image.shared_bytes;
	if (shared > s->dev->info.shared_per_block_optin)
		return gj_error(GJ_ERR_CONFIG_SHARED, (unsigned long long)shared, s->image.shared_bytes, c->shared,
			s->dev->info.shared_per_block_optin), false;
	if (s->image.max_threads && threads > s->image.max_threads)
		return gj_error(GJ_ERR_CONFIG_BOUNDS, (unsigned long long)threads, s->image.max_threads), false;
	return true;
}

static bool warn_small(const gj_launch_config *c, const gj_device *dev)
{
	uint64_t blocks = (uint64_t)c->grid[0] * c->grid[1] * c->grid[2];
	if (blocks >= dev->ops->busy_blocks)
		return true;
	PyObject *cls = gj_import("gridjit.errors", "NumbaPerformanceWarning");
	int bad = !cls || PyErr_WarnFormat(cls, 1, "a grid of %d blocks leaves most of the GPU idle", (int)blocks);
	Py_XDECREF(cls);
	return !bad;
}

bool gj_launch_config_check(gj_launch_config *c, const gj_device *dev)
{
	if (c->fits != dev && !check_extents(c, dev))
		return false;
	c->fits = dev;
	if (c->settings != gj_config.changes) {
		c->facts = gj_launch_config_facts(c);
		c->settings = gj_config.changes;
	}
	return !gj_config.warn_low_occupancy || warn_small(c, dev);
}
