/* Printed lines: numbers are formatted as Python does it, into the templates that the compiler made. */
#include "core.h"

#include "printed.h"
#include "base/half.h"
#include "code/code.h"

#include <stdlib.h>
#include <string.h>

/* NumPy's text of a float32 or float16: the shortest that reads back as one. */
static void put_narrow(gj_sb *out, double x, bool half)
{
	PyObject *o = half ? PyArrayScalar_New(Half) : PyArrayScalar_New(Float), *text = NULL;
	if (o && half)
		PyArrayScalar_ASSIGN(o, Half, gj_half_bits(x, false));
	else if (o)
		PyArrayScalar_ASSIGN(o, Float, (float)x);
	text = o ? PyObject_Str(o) : NULL;
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	gj_sb_puts(out, s ? s : "?");
	Py_XDECREF(text);
	Py_XDECREF(o);
}

/* Of a bfloat16: what ml_dtypes prints, C++'s six digits. */
static void put_double(gj_sb *out, double x, bool brain)
{
	char *s = brain ? PyOS_double_to_string(x, 'g', 6, 0, NULL) : PyOS_double_to_string(x, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
	gj_sb_puts(out, s ? s : "?");
	PyMem_Free(s);
}

static double as_double(uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static void put_object(gj_sb *out, PyObject *o)
{
	PyObject *text = o ? PyObject_Str(o) : NULL;
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	gj_sb_puts(out, s ? s : "?");
	Py_XDECREF(text);
	gj_forgive(PyExc_Exception);
}

static void put_complex(gj_sb *out, double real, double imag, bool narrow)
{
	PyArray_Descr *single = PyArray_DescrFromType(NPY_COMPLEX64);
	PyObject *o = narrow && single ? PyArray_Scalar((float[]){ (float)real, (float)imag }, single, NULL) : PyComplex_FromDoubles(real, imag);
	put_object(out, o);
	Py_XDECREF(o);
	Py_XDECREF(single);
}

/* -- Numbers with a format, and texts ------------------------------------------------------------------------------------ */

static PyObject *as_object(char letter, const uint64_t *value)
{
	switch (letter) {
	case 'b': return PyBool_FromLong(value[0] != 0);
	case 'i': return PyLong_FromLongLong((long long)value[0]);
	case 'u': return PyLong_FromUnsignedLongLong(value[0]);
	case 'c': case 'z': return PyComplex_FromDoubles(as_double(value[0]), as_double(value[1]));
	default:  return PyFloat_FromDouble(as_double(value[0]));
	}
}

/* The text of this number among those between p and end. */
static void put_one(gj_sb *out, uint64_t which, const char *p, const char *end)
{
	const char *to = p;
	for (;; p = ++to) {
		while (to < end && *to != GJ_TOLD_ONE)
			to++;
		if (!which-- || to == end)
			break;
	}
	gj_sb_put(out, p, (size_t)(to - p));
}

/* x as text by the format up to `end`; x is released. What Python raises for a format that is none is shown, and the text is "?". */
static void put_formatted(gj_sb *out, PyObject *x, const char *format, const char *end)
{
	char how = *format == GJ_TOLD_REPR || *format == GJ_TOLD_STR || *format == GJ_TOLD_WHOLE ? *format++ : 0;
	if (x && how)
		Py_SETREF(x, how == GJ_TOLD_WHOLE ? PyNumber_Long(x) : how == GJ_TOLD_STR ? PyObject_Str(x) : PyObject_Repr(x));
	PyObject *spec = PyUnicode_DecodeUTF8(format, end - format, "replace"), *text = x && spec ? PyObject_Format(x, spec) : NULL;
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	if (!s)
		PyErr_WriteUnraisable(NULL);
	gj_sb_puts(out, s ? s : "?");
	Py_XDECREF(x);
	Py_XDECREF(spec);
	Py_XDECREF(text);
}

/* -- Whole arrays ------------------------------------------------------------------------------------------------------ */

/* One whose items are being told. */
typedef struct whole { PyArrayObject *array; npy_intp next; } whole;

static void begin(whole *w, const char *s, const gj_printed *p)
{
	static const struct { char letter; int type; } row[] = { { 'b', NPY_BOOL }, { 'i', NPY_INT64 }, { 'u', NPY_UINT64 }, { 'f', NPY_FLOAT32 },
		{ 'h', NPY_FLOAT16 }, { 'g', NPY_FLOAT32 }, { 'd', NPY_FLOAT64 }, { 'c', NPY_COMPLEX64 }, { 'z', NPY_COMPLEX128 } };
	npy_intp extent[GJ_PRINT_VALUES];
	for (uint32_t d = 0; d < p->n; d++)
		extent[d] = (npy_intp)p->value[d];
	Py_CLEAR(w->array);
	w->next = 0;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		if (row[i].letter == *s)
			w->array = (PyArrayObject *)PyArray_ZEROS((int)p->n, extent, row[i].type, 0);
	gj_forgive(PyExc_Exception);
}

static void add(whole *w, char letter, const uint64_t *value)
{
	if (!w->array || w->next >= PyArray_SIZE(w->array))
		return;
	double re = as_double(value[0]), im = letter == 'c' || letter == 'z' ? as_double(value[1]) : 0;
	char *at = (char *)PyArray_DATA(w->array) + w->next++ * PyArray_ITEMSIZE(w->array);
	switch (letter) {
	case 'b': *(npy_bool *)at = value[0] != 0; break;
	case 'i': case 'u': memcpy(at, value, 8); break;
	case 'f': case 'g': *(float *)at = (float)re; break;
	case 'h': *(npy_half *)at = gj_half_bits(re, false); break;
	case 'c': memcpy(at, (float[]){ (float)re, (float)im }, 8); break;
	case 'z': memcpy(at, (double[]){ re, im }, 16); break;
	default:  memcpy(at, &re, 8); break;
	}
}

static void end(gj_sb *out, whole *w)
{
	put_object(out, (PyObject *)w->array);
	Py_CLEAR(w->array);
}

/* -- Lines ------------------------------------------------------------------------------------------------------------- */

static void put_number(gj_sb *out, char letter, uint64_t bits)
{
	double x = as_double(bits);
	switch (letter) {
	case 'b': gj_sb_puts(out, bits ? "True" : "False"); break;
	case 'i': gj_sb_printf(out, "%lld", (long long)bits); break;
	case 'u': gj_sb_printf(out, "%llu", (unsigned long long)bits); break;
	case 'f': case 'h': put_narrow(out, x, letter == 'h'); break;
	default:  put_double(out, x, letter == 'g'); break;
	}
}

/* What stands between s and the next mark, which is returned. */
static const char *put_marked(gj_sb *out, const char *s, const gj_printed *p, uint32_t *next)
{
	const char *end = strchr(s, GJ_PRINT_MARK), *text = *s == '{' && s[1] == 's' ? strchr(s, GJ_TOLD_ONE) : NULL;
	uint32_t parts = s[1] == 'c' || s[1] == 'z' ? 2 : 1;
	if (!end || end < s + 2)
		return s + strlen(s) - 1;
	if (text && text < end) {
		put_formatted(out, PyUnicode_DecodeUTF8(s + 2, text - s - 2, "replace"), text + 1, end);
	} else if (*next + parts <= p->n) {
		const uint64_t *value = p->value + *next;
		*next += parts;
		if (*s == '{')
			put_formatted(out, as_object(s[1], value), s + 2, end);
		else
			put_one(out, *value, s + 2, end);
	}
	return end;
}

static void put_line(gj_sb *out, whole *w, const gj_printed *p)
{
	uint32_t next = 0;
	for (const char *s = p->text; *s; s++) {
		if (*s != GJ_PRINT_MARK)
			gj_sb_put(out, s, 1);
		else if (*++s == GJ_PRINT_MARK)
			gj_sb_put(out, s, 1);
		else if (!*s)
			return;
		else if (*s == '[')
			return begin(w, s + 1, p);
		else if (*s == '{' || *s == '#')
			s = put_marked(out, s, p, &next);
		else if (*s == ',')
			return add(w, s[1], p->value);
		else if (*s == ']')
			end(out, w);
		else if ((*s == 'c' || *s == 'z') && next + 1 < p->n) {
			put_complex(out, as_double(p->value[next]), as_double(p->value[next + 1]), *s == 'c');
			next += 2;
		}
		else if (next < p->n)
			put_number(out, *s, p->value[next++]);
	}
}

static int write_out(gj_sb *out)
{
	PyObject *text = PyUnicode_DecodeUTF8(gj_sb_str(out), (Py_ssize_t)out->n, "replace");
	PyObject *to = PySys_GetObject("stdout");
	int status = !text ? -1 : !to || to == Py_None ? 0 : PyFile_WriteObject(text, to, Py_PRINT_RAW);
	Py_XDECREF(text);
	return status;
}

void gj_show_printed(void)
{
	PyObject *cls, *value, *trace;
	uint64_t lost;
	gj_sb out = { 0 };
	whole w = { 0 };
	PyErr_Fetch(&cls, &value, &trace);
	for (gj_printed *p = gj_printed_take(&lost), *next; p; p = next) {
		next = p->next;
		put_line(&out, &w, p);
		free(p);
	}
	if ((out.n && write_out(&out) < 0) || (lost && gj_warn(GJ_ERR_PRINT_LOST, (unsigned long long)lost) < 0))
		PyErr_WriteUnraisable(NULL);
	Py_XDECREF(w.array);
	gj_sb_free(&out);
	PyErr_Restore(cls, value, trace);
}
