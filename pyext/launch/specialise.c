/* From a dispatcher and argument types to a loaded kernel: freeze the function, then build (src/build.c) without the GIL. */
#include "launch/dispatcher.h"
#include "memory/devarray.h"
#include "freeze/freeze.h"
#include "build.h"
#include "types/typeobj.h"

#include <string.h>

/* -- Options ---------------------------------------------------------------------------------------------------------------------- */

bool gj_options_read(PyObject *dict, gj_options *o)
{
	static char *names[] = { "fastmath", "debug", "lineinfo", "opt", "max_registers", "launch_bounds", "device",
		"cc", "ptx_version", "facts", NULL };
	int fastmath = 0, debug = 0, lineinfo = 0, device = 0;
	unsigned max_registers = 0;
	*o = (gj_options){ .opt = 3 };
	PyObject *empty = PyTuple_New(0);
	bool ok = empty && PyArg_ParseTupleAndKeywords(empty, dict, "|pppiI(III)p(ii)iI:options", names, &fastmath, &debug,
		&lineinfo, &o->opt, &max_registers, &o->max_threads, &o->min_blocks, &o->max_cluster, &device, &o->cc_major,
		&o->cc_minor, &o->ptx_version, &o->facts);
	Py_XDECREF(empty);
	o->fastmath = fastmath;
	o->debug = debug;
	o->lineinfo = lineinfo;
	o->device = device;
	o->max_registers = max_registers;
	return ok;
}

bool gj_libdevice(const char **path)
{
	static char *found;
	static bool searched;
	if (!searched) {
		PyObject *find = gj_import("gridjit.cuda._libdevice", "find");
		PyObject *p = find ? PyObject_CallNoArgs(find) : NULL;
		const char *s = p && p != Py_None ? PyUnicode_AsUTF8(p) : NULL;
		searched = p && !PyErr_Occurred();
		found = s ? strdup(s) : NULL;
		Py_XDECREF(p);
		Py_XDECREF(find);
	}
	*path = found;
	return searched;
}

/* PTX version that a driver of this CUDA version reads: 11.8 → 7.8, 12.4 → 8.4, from 12.6 on one behind, 13.0 → 9.0. */
static int ptx_of_driver(int version)
{
	int major = version / 1000, minor = version % 1000 / 10;
	if (major == 11)
		return 70 + minor;
	if (major == 12)
		return 80 + (minor >= 6 ? minor - 1 : minor);
	return major >= 13 ? 90 + minor : 0;
}

bool gj_special_options(const gj_dispatcher *d, gj_device *dev, uint32_t facts, gj_options *o)
{
	*o = d->base;
	o->facts = facts;
	o->width = 1;
	o->arch = dev->ops->host_memory ? GJ_ARCH_CPU : GJ_ARCH_NVPTX;
	if (o->arch == GJ_ARCH_CPU) {
		o->width = (uint32_t)gj_config.cpu_width;
		o->libm_exact = gj_config.libm_exact;
		return true;
	}
	o->cc_major = dev->info.cc_major;
	o->cc_minor = dev->info.cc_minor;
	o->ptx_version = ptx_of_driver(dev->info.driver_version);
	return gj_libdevice(&o->libdevice);
}

/* -- Specialisations ------------------------------------------------------------------------------------------------------------------ */

uint32_t gj_leaves_of(const gj_type *t)
{
	uint32_t n = 0;
	if (t->kind != GJ_TUPLE)
		return 1;
	for (uint32_t i = 0; i < t->n; i++)
		n += gj_leaves_of(t->item[i]);
	return n;
}

/* Does every parameter point at something that a launch has? Images come from files too. */
static bool sound(const gj_image *im, uint32_t nleaves)
{
	if (im->nleaves > nleaves)
		return false;
	for (uint32_t i = 0; i < im->nparams; i++) {
		const gj_param *p = &im->param[i];
		if (p->leaf >= nleaves || p->dim >= GJ_MAX_NDIM || (uint32_t)p->offset + p->size > im->param_bytes || p->size > 16
			|| (p->field != GJ_FIELD_VALUE && p->size != 8 && p->size != 4))
			return false;
	}
	return true;
}

void gj_special_free(gj_special *s)
{
	if (s->kernel)
		s->dev->ops->unload(s->dev, s->kernel);
	gj_image_clear(&s->image);
	PyMem_Free(s->arg);
	PyMem_Free(s);
}

static bool matches(const gj_special *s, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	return s->dev == dev && s->facts == facts && s->nargs == n && !memcmp(s->arg, arg, n * sizeof *arg)
		&& (!dev->ops->host_memory || (s->width == (uint32_t)gj_config.cpu_width && s->libm_exact == gj_config.libm_exact));
}

static gj_special *find(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	for (gj_special *s = d->first; s; s = s->next)
		if (matches(s, dev, arg, n, facts))
			return s;
	return NULL;
}

/* The finished build as a specialisation; takes over its image and kernel. */
static gj_special *adopt(gj_build *b, uint32_t facts)
{
	const gj_options *o = &b->rq.options;
	gj_special *s = PyMem_Calloc(1, sizeof *s);
	const gj_type **arg = PyMem_New(const gj_type *, b->rq.nargs + 1);
	if (!s || !arg) {
		PyMem_Free(s);
		PyMem_Free(arg);
		return PyErr_NoMemory(), NULL;
	}
	memcpy(arg, b->rq.arg, b->rq.nargs * sizeof *arg);
	*s = (gj_special){ .dev = b->dev, .facts = facts, .width = o->width, .libm_exact = o->libm_exact, .nargs = b->rq.nargs,
		.arg = arg, .image = b->image, .kernel = b->kernel };
	for (uint32_t i = 0; i < s->nargs; i++)
		s->nleaves += gj_leaves_of(arg[i]);
	memset(&b->image, 0, sizeof b->image);
	b->kernel = NULL;
	return s;
}

/* Turns a failed build into the exception. */
static void complain(gj_build *b, const char *name)
{
	char what[200];
	if (b->diag.set)
		gj_diag_error(&b->diag);
	else if (b->status != GJ_OK) {
		PyOS_snprintf(what, sizeof what, "%s (%s)", b->what, name);
		gj_status_error(b->status, what);
	} else
		gj_error(GJ_ERR_INTERNAL, "the compiled kernel's parameters do not fit its arguments");
}

static void discard(gj_build *b)
{
	if (b->kernel)
		b->dev->ops->unload(b->dev, b->kernel);
	gj_image_clear(&b->image);
}

static gj_special *append(gj_dispatcher *d, gj_special *s)
{
	gj_special **at = &d->first;
	while (*at)
		at = &(*at)->next;
	return *at = s;
}

static gj_special *make(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	gj_arena *arena = gj_arena_new();
	gj_build b = { .rq = { .arg = arg, .nargs = n }, .dev = dev, .use_cache = gj_config.cache };
	gj_special *s = NULL;
	if (!arena)
		return PyErr_NoMemory(), NULL;
	if (gj_special_options(d, dev, facts, &b.rq.options) && gj_freeze(d->py_func, arena, &b.rq.code) == 0) {
		Py_BEGIN_ALLOW_THREADS
		gj_build_run(&b);
		Py_END_ALLOW_THREADS
		*(b.hit ? &d->hits : &d->misses) += 1;
		if (b.diag.set || b.status != GJ_OK || !(s = adopt(&b, facts)))
			PyErr_Occurred() ? (void)0 : complain(&b, gj_dispatcher_name(d));
		else if (!sound(&s->image, s->nleaves)) {
			complain(&b, gj_dispatcher_name(d));
			gj_special_free(s);
			s = NULL;
		}
	}
	discard(&b);
	gj_arena_free(arena);
	return s;
}

gj_special *gj_special_get(gj_dispatcher *d, gj_device *dev, const gj_type *const *arg, uint32_t n, uint32_t facts)
{
	if (!dev->ops->host_memory || gj_config.cpu_width != 32)
		facts &= ~(uint32_t)GJ_FACTS_BLOCK;
	if (d->last && matches(d->last, dev, arg, n, facts))
		return d->last;
	gj_special *s = find(d, dev, arg, n, facts);
	if (!s) {
		if (!(s = make(d, dev, arg, n, facts)))
			return NULL;
		gj_special *other = find(d, dev, arg, n, facts);    /* another thread may have been faster */
		if (other)
			gj_special_free(s);
		s = other ? other : append(d, s);
	}
	return d->last = s;
}

/* -- Compiling without a device ---------------------------------------------------------------------------------------------------------- */

/* The text of a compilation: the image's, or the stage `dump`. */
static PyObject *text_of(const gj_request *rq, const char *dump)
{
	gj_image image = { 0 };
	gj_sb sb = { 0 };
	gj_diag diag = { 0 };
	const gj_type *ret = NULL;
	PyObject *o = NULL;
	bool ok;
	Py_BEGIN_ALLOW_THREADS
	ok = gj_compile(rq, &image, &ret, &diag) && (!dump || gj_compile_dump(rq, dump, &sb, &diag));
	Py_END_ALLOW_THREADS
	if (!ok)
		gj_diag_error(&diag);
	else {
		const char *text = dump ? gj_sb_str(&sb) : (const char *)image.code;
		o = Py_BuildValue("NN", PyUnicode_DecodeUTF8(text, (Py_ssize_t)(dump ? sb.n : strnlen(text, image.ncode)), "replace"),
			gj_type_to_py(ret ? ret : gj_t_none));
	}
	gj_sb_free(&sb);
	gj_image_clear(&image);
	return o;
}

/* _core.compile(function, signature, options, dump=None, symbol=None, numba_abi=False); symbol: of a device function. */
PyObject *gj_compile_function(PyObject *m, PyObject *args, PyObject *kw)
{
	(void)m;
	static char *names[] = { "function", "signature", "options", "dump", "symbol", "numba_abi", NULL };
	PyObject *function, *signature, *options, *o = NULL;
	const char *dump = NULL;
	gj_outside outside = { .symbol = NULL };
	int numba = 0;
	const gj_type *arg[GJ_MAX_SIGNATURE];
	gj_request rq = { 0 };
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OOO!|zzp:compile", names, &function, &signature, &PyDict_Type, &options, &dump,
		&outside.symbol, &numba))
		return NULL;
	int n = gj_signature_read(signature, &rq.ret, arg);
	if (n < 0 || !gj_options_read(options, &rq.options) || !gj_libdevice(&rq.options.libdevice))
		return NULL;
	rq.arg = arg;
	rq.nargs = (uint32_t)n;
	rq.options.arch = GJ_ARCH_NVPTX;
	rq.options.width = 1;
	outside.abi = numba ? GJ_ABI_NUMBA : GJ_ABI_C;
	rq.options.outside = outside.symbol ? &outside : NULL;
	gj_arena *arena = gj_arena_new();
	if (!arena)
		return PyErr_NoMemory();
	if (gj_freeze(function, arena, &rq.code) == 0)
		o = text_of(&rq, dump);
	gj_arena_free(arena);
	return o;
}
