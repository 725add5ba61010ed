/* _core.compile: the compiler without a device, for cuda.compile and compile_ptx. */
#include "launch/offline.h"

#include "compile.h"
#include "freeze/freeze.h"
#include "launch/functions.h"
#include "launch/options.h"
#include "types/signature.h"
#include "types/typeobj.h"

#include <string.h>

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

/* _core.compile(function, signature, options, dump=None, linked=None); linked: a list, to which goes what declared functions are linked
 * with. */
PyObject *gj_compile_function(PyObject *m, PyObject *args, PyObject *kw)
{
	(void)m;
	static char *names[] = { "function", "signature", "options", "dump", "linked", NULL };
	PyObject *function, *signature, *options, *linked = NULL, *o = NULL;
	const char *dump = NULL;
	const gj_type *arg[GJ_MAX_SIGNATURE];
	gj_request rq = { 0 };
	gj_captures outside = { 0 };               /* declared functions stay declared */
	if (!PyArg_ParseTupleAndKeywords(args, kw, "OOO!|zO!:compile", names, &function, &signature, &PyDict_Type, &options, &dump,
		&PyList_Type, &linked))
		return NULL;
	int n = gj_signature_read(signature, &rq.ret, arg);
	if (n < 0 || !gj_options_read(options, "compile", ~(unsigned)GJ_SET_LOOK, &rq.options)
		|| (!rq.options.libdevice && !gj_libdevice(&rq.options.libdevice)))
		return NULL;
	rq.arg = arg;
	rq.nargs = (uint32_t)n;
	gj_arena *arena = gj_arena_new();
	if (!arena)
		return PyErr_NoMemory();
	if (gj_freeze_request(function, arena, &outside, &rq) == 0)
		o = text_of(&rq, dump);
	if (o && linked && outside.linked && PyList_SetSlice(linked, PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, outside.linked) < 0)
		Py_CLEAR(o);
	Py_XDECREF(outside.linked);
	gj_arena_free(arena);
	return o;
}
