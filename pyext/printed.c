/* Printed lines: numbers are formatted as Python does it, into the templates that the compiler made. */
#include "core.h"

#include "printed.h"
#include "base/half.h"

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

static void put_number(gj_sb *out, char letter, uint64_t bits)
{
	double x;
	memcpy(&x, &bits, sizeof x);
	switch (letter) {
	case 'b': gj_sb_puts(out, bits ? "True" : "False"); break;
	case 'i': gj_sb_printf(out, "%lld", (long long)bits); break;
	case 'u': gj_sb_printf(out, "%llu", (unsigned long long)bits); break;
	case 'f': case 'h': put_narrow(out, x, letter == 'h'); break;
	default:  put_double(out, x, letter == 'g'); break;
	}
}

static void put_line(gj_sb *out, const gj_printed *p)
{
	uint32_t next = 0;
	for (const char *s = p->text; *s; s++) {
		if (*s != GJ_PRINT_MARK)
			gj_sb_put(out, s, 1);
		else if (*++s == GJ_PRINT_MARK)
			gj_sb_put(out, s, 1);
		else if (!*s)
			return;
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
	PyErr_Fetch(&cls, &value, &trace);
	for (gj_printed *p = gj_printed_take(&lost), *next; p; p = next) {
		next = p->next;
		put_line(&out, p);
		free(p);
	}
	if ((out.n && write_out(&out) < 0) || (lost && gj_warn(GJ_ERR_PRINT_LOST, (unsigned long long)lost) < 0))
		PyErr_WriteUnraisable(NULL);
	gj_sb_free(&out);
	PyErr_Restore(cls, value, trace);
}
