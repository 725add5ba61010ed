/* Classes of exceptions by the names that compiled code has for them. Those that are not Python's own get one when they are frozen: module and
 * qualified name, and a number where another living class has the same, so that a name means one class. */
#include "exceptions.h"

#include "code/code.h"

#include <string.h>

static PyObject *classes;                      /* name: weak reference */

static PyObject *attribute(PyObject *class, const char *name)
{
	PyObject *v;
	if (gj_attribute(class, name, &v) < 0)
		return NULL;
	if (v && !PyUnicode_Check(v))
		Py_CLEAR(v);
	return v ? v : PyUnicode_FromString("?");
}

/* Is the name the class's, or nobody's and now its? −1: exception. */
static int claim(PyObject *class, PyObject *name)
{
	PyObject *ref = PyDict_GetItemWithError(classes, name), *other = ref ? gj_referent(ref) : NULL;
	int mine = other == class;
	if (!other && !PyErr_Occurred()) {
		ref = PyWeakref_NewRef(class, NULL);
		mine = ref && PyDict_SetItem(classes, name, ref) == 0;
		Py_XDECREF(ref);
	}
	Py_XDECREF(other);
	return PyErr_Occurred() ? -1 : mine;
}

PyObject *gj_exception_name(PyObject *class)
{
	PyObject *module = attribute(class, "__module__"), *qualname = module ? attribute(class, "__qualname__") : NULL, *name = NULL;
	classes = classes ? classes : PyDict_New();
	for (int i = 1, mine = 0; qualname && classes && !mine; i++) {
		Py_XSETREF(name, i == 1 ? PyUnicode_FromFormat("%U.%U", module, qualname) : PyUnicode_FromFormat("%U.%U@%d", module, qualname, i));
		mine = name ? claim(class, name) : -1;
		if (mine < 0) {
			Py_CLEAR(name);
			break;
		}
	}
	Py_XDECREF(module);
	Py_XDECREF(qualname);
	return name;
}

PyObject *gj_exception_class(const char *name)
{
	PyObject *ref = classes ? PyDict_GetItemString(classes, name) : NULL, *cls = ref ? gj_referent(ref) : NULL;
	PyObject *own = cls || !*name ? NULL : gj_import("builtins", name);
	if (!cls && !own && !gj_forgive(PyExc_Exception))
		return NULL;
	if (own && PyExceptionClass_Check(own))
		return own;
	Py_XDECREF(own);
	return cls ? cls : Py_NewRef(PyExc_RuntimeError);
}

/* -- Arguments ----------------------------------------------------------------------------------------------------------- */

/* A number that was told, by its letter; values that cannot be told are None. */
static PyObject *number(char letter, uint64_t bits)
{
	double f;
	memcpy(&f, &bits, sizeof f);
	switch (letter) {
	case 'b': return PyBool_FromLong(bits != 0);
	case 'i': return PyLong_FromLongLong((long long)bits);
	case 'u': return PyLong_FromUnsignedLongLong(bits);
	case 'd': return PyFloat_FromDouble(f);
	default:  return Py_NewRef(Py_None);
	}
}

/* The text up to GJ_TOLD_ONE, behind which *p comes to stand; `skip` more of them before it. A new reference. */
static PyObject *one_text(const char **p, const char *end, long long skip)
{
	const char *from = *p, *to;
	for (;; from = to + 1) {
		for (to = from; to < end && *to != GJ_TOLD_ONE; to++)
			;
		if (skip-- == 0 || to == end)
			break;
	}
	*p = to < end ? to + 1 : end;
	return PyUnicode_DecodeUTF8(from, to - from, "replace");
}

/* The value behind a mark at *p, which comes to stand behind what it is (code.h: GJ_TOLD); *next: the number that is due. A new reference. */
static PyObject *told(const char **p, const char *end, const gj_report *r, uint32_t *next)
{
	char what = *p < end ? *(*p)++ : '?';
	if (what == 's')
		return one_text(p, end, 0);
	if (what != '(') {
		bool known = strchr("biud", what) && *next < r->nvalues && *next < GJ_REPORT_VALUES;
		return number(known ? what : 0, known ? r->value[(*next)++] : 0);
	}
	PyObject *items = PyList_New(0);
	while (items && *p < end && **p != ')') {
		PyObject *x = told(p, end, r, next);
		if (!x || PyList_Append(items, x) < 0)
			Py_CLEAR(items);
		Py_XDECREF(x);
	}
	*p += *p < end;
	PyObject *tuple = items ? PyList_AsTuple(items) : NULL;
	Py_XDECREF(items);
	return tuple;
}

/* A shape as NumPy writes it, without spaces; of several each with one behind it. A new reference. */
static PyObject *shape_text(PyObject *x)
{
	bool several = PyTuple_Check(x) && PyTuple_GET_SIZE(x) > 0 && PyTuple_Check(PyTuple_GET_ITEM(x, 0));
	if (!several) {
		PyObject *text = PyObject_Str(x), *packed = text ? PyObject_CallMethod(text, "replace", "ss", " ", "") : NULL;
		Py_XDECREF(text);
		return packed;
	}
	PyObject *all = PyUnicode_FromString("");
	for (Py_ssize_t i = 0; all && i < PyTuple_GET_SIZE(x); i++) {
		PyObject *one = shape_text(PyTuple_GET_ITEM(x, i));
		Py_SETREF(all, one ? PyUnicode_FromFormat("%U%U ", all, one) : NULL);
		Py_XDECREF(one);
	}
	return all;
}

/* A value as what stands before its format (code.h: GJ_TOLD_STR and its kin) says. A new reference. */
static PyObject *told_as(char how, PyObject *x)
{
	switch (how) {
	case GJ_TOLD_WHOLE: return PyNumber_Long(x);
	case GJ_TOLD_STR:   return PyObject_Str(x);
	case GJ_TOLD_REPR:  return PyObject_Repr(x);
	default:            return shape_text(x);
	}
}

/* What stands between two GJ_TOLD_IN: a value and its format, or one of several texts. A new reference. */
static PyObject *told_in(const char *p, const char *end, const gj_report *r, uint32_t *next)
{
	const char *format = p;
	PyObject *x = told(&format, end, r, next);
	if (x && *p == '?') {
		Py_SETREF(x, PyUnicode_FromString("?"));
		return x;
	}
	if (x && *p != 's' && *format == GJ_TOLD_ONE) {
		long long which = PyLong_Check(x) ? PyLong_AsLongLong(x) : 0;
		format++;
		Py_SETREF(x, one_text(&format, end, which));
		return x;
	}
	if (x && format < end && strchr((const char[]){ GJ_TOLD_REPR, GJ_TOLD_STR, GJ_TOLD_WHOLE, GJ_TOLD_SHAPE, 0 }, *format))
		Py_SETREF(x, told_as(*format++, x));
	PyObject *spec = PyUnicode_DecodeUTF8(format, end - format, "replace"), *part = x && spec ? PyObject_Format(x, spec) : NULL;
	Py_XDECREF(x);
	Py_XDECREF(spec);
	return part;
}

/* A text in which values stand (code.h: GJ_TOLD). A new reference. */
static PyObject *completed(const char *p, const gj_report *r, uint32_t *next)
{
	const char *value = p + 1;
	if (*p == GJ_TOLD)
		return told(&value, value + strlen(value), r, next);
	PyObject *parts = PyList_New(0), *none = parts ? PyUnicode_FromString("") : NULL, *all = NULL;
	while (none && *p) {
		const char *end = p + 1;
		PyObject *part;
		if (*p != GJ_TOLD_IN) {
			for (; *end && *end != GJ_TOLD_IN; end++)
				;
			part = PyUnicode_DecodeUTF8(p, end - p, "replace");
		} else {
			for (; *end && *end != GJ_TOLD_IN; end++)
				;
			part = told_in(p + 1, end, r, next);
			end += *end != 0;
		}
		int status = part ? PyList_Append(parts, part) : -1;
		Py_XDECREF(part);
		if (status < 0)
			goto done;
		p = end;
	}
	all = none ? PyUnicode_Join(none, parts) : NULL;
done:
	Py_XDECREF(none);
	Py_XDECREF(parts);
	return all;
}

/* Arguments as the image has them, with what was told in its place. */
static PyObject *complete(PyObject *args, const gj_report *r)
{
	uint32_t next = 0;
	PyObject *all = PyTuple_New(PyTuple_GET_SIZE(args));
	for (Py_ssize_t i = 0; all && i < PyTuple_GET_SIZE(args); i++) {
		PyObject *x = PyTuple_GET_ITEM(args, i);
		const char *text = PyUnicode_Check(x) ? PyUnicode_AsUTF8(x) : NULL;
		bool marked = text && (strchr(text, GJ_TOLD) || strchr(text, GJ_TOLD_IN));
		PyObject *item = marked ? completed(text, r, &next) : Py_NewRef(x);
		if (!item)
			Py_CLEAR(all);
		else
			PyTuple_SET_ITEM(all, i, item);
	}
	Py_DECREF(args);
	return all;
}

PyObject *gj_exception_args(const char *text, const gj_report *r)
{
	PyObject *ast = *text == '(' ? PyImport_ImportModule("ast") : NULL;
	PyObject *args = ast ? PyObject_CallMethod(ast, "literal_eval", "s", text) : NULL;
	Py_XDECREF(ast);
	if (args && PyTuple_Check(args))
		return complete(args, r);
	Py_XDECREF(args);
	if (!gj_forgive(PyExc_Exception))
		return NULL;
	return *text ? Py_BuildValue("(s)", text) : PyTuple_New(0);
}
