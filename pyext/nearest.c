/* Offers Python's words to base/nearest.h. What is no text, or none that UTF-8 has, is passed over. */
#include "nearest.h"

static void offer(gj_nearest *like, PyObject *name)
{
	const char *text = PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	if (text)
		gj_nearest_offer(like, text);
	gj_forgive(PyExc_UnicodeError);
}

void gj_nearest_offer_names(gj_nearest *like, PyObject *names)
{
	PyObject *key, *value;
	Py_ssize_t at = 0;
	if (PyDict_Check(names))
		while (PyDict_Next(names, &at, &key, &value))
			offer(like, key);
	for (Py_ssize_t i = 0; PyList_Check(names) && i < PyList_GET_SIZE(names); i++)
		offer(like, PyList_GET_ITEM(names, i));
	for (Py_ssize_t i = 0; PyTuple_Check(names) && i < PyTuple_GET_SIZE(names); i++)
		offer(like, PyTuple_GET_ITEM(names, i));
}

PyObject *gj_did_you_mean_of(PyObject *module, PyObject *args)
{
	(void)module;
	const char *word;
	PyObject *words;
	if (!PyArg_ParseTuple(args, "sO!:did_you_mean", &word, &PyTuple_Type, &words))
		return NULL;
	gj_nearest like = gj_nearest_to(word);
	gj_nearest_offer_names(&like, words);
	return PyUnicode_FromString(gj_did_you_mean(&like));
}
