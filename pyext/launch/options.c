/* Options of a compilation: those that the user gave, read and shown by the rows of options.def, and those that the device
 * and the settings add. */
#include "launch/options.h"
#include "nearest.h"

#include <string.h>
#include <strings.h>

/* -- A value of each kind: reading into the field, and showing as the caller writes it ------------------------------------------ */

static bool wrong_type(const gj_option *row, const char *wanted, PyObject *v)
{
	gj_error(GJ_ERR_OPTION_TYPE, row->keyword, wanted, Py_TYPE(v)->tp_name);
	return false;
}

static bool wrong_value(const gj_option *row, const char *wanted, PyObject *v)
{
	PyObject *text = PyObject_Repr(v);
	const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
	if (s)
		gj_error(GJ_ERR_OPTION_VALUE, row->keyword, wanted, s);
	Py_XDECREF(text);
	return false;
}

static bool is_flag(PyObject *v) { return PyBool_Check(v) || PyLong_Check(v) || PyArray_IsScalar(v, Bool); }

static bool read_FLAG(const gj_option *row, PyObject *v, bool *field)
{
	int truth = is_flag(v) ? PyObject_IsTrue(v) : 0;
	*field = truth > 0;
	return is_flag(v) ? truth >= 0 : wrong_type(row, "True or False", v);
}

static PyObject *show_FLAG(const bool *field) { return PyBool_FromLong(*field); }

/* A function is numba's cost model, which looks at numba's own form of a program. There is none, so it is not asked. */
static bool read_INLINE(const gj_option *row, PyObject *v, bool *field)
{
	if (PyCallable_Check(v))
		return *field = false, true;
	*field = PyUnicode_Check(v) && PyUnicode_CompareWithASCIIString(v, "always") == 0;
	if (is_flag(v))
		return read_FLAG(row, v, field);
	return *field || (PyUnicode_Check(v) && PyUnicode_CompareWithASCIIString(v, "never") == 0)
		|| wrong_value(row, "'never' or 'always'", v);
}

static PyObject *show_INLINE(const bool *field) { return PyUnicode_FromString(*field ? "always" : "never"); }

/* A number from least on that 31 bits hold. `wanted`: what is asked for, in the message about another number. */
static bool read_number(const gj_option *row, PyObject *v, long least, const char *wanted, PyObject *all, uint32_t *out)
{
	PyObject *index = PyIndex_Check(v) ? PyNumber_Index(v) : NULL;
	if (!index)
		return PyErr_Occurred() ? false : wrong_type(row, "an int", v);
	int overflow;
	long x = PyLong_AsLongAndOverflow(index, &overflow);
	Py_DECREF(index);
	*out = (uint32_t)x;
	return (!overflow && x >= least && x <= INT32_MAX) || wrong_value(row, wanted, all);
}

static bool read_COUNT(const gj_option *row, PyObject *v, uint32_t *field)
{
	*field = 0;
	return v == Py_None || read_number(row, v, 0, "a positive int", v, field);
}

static PyObject *show_COUNT(const uint32_t *field) { return PyLong_FromUnsignedLong(*field); }

static bool read_BOUNDS(const gj_option *row, PyObject *v, gj_bounds *field)
{
	static const char wanted[] = "a positive int, or a tuple of one to three of them";
	uint32_t bound[3] = { 0 };
	bool many = PyTuple_Check(v) || PyList_Check(v), ok = true;
	PyObject *all = v == Py_None ? PyTuple_New(0) : many ? PySequence_Tuple(v) : PyTuple_Pack(1, v);
	Py_ssize_t n = all ? PyTuple_GET_SIZE(all) : -1;
	if (n > 3 || (n == 0 && many))
		ok = wrong_value(row, wanted, v);
	for (Py_ssize_t i = 0; ok && i < n; i++)
		ok = read_number(row, PyTuple_GET_ITEM(all, i), 1, wanted, v, &bound[i]);
	*field = (gj_bounds){ bound[0], bound[1], bound[2] };
	Py_XDECREF(all);
	return ok && n >= 0;
}

static PyObject *show_BOUNDS(const gj_bounds *field)
{
	if (!field->threads)
		return Py_NewRef(Py_None);
	return field->cluster ? Py_BuildValue("III", field->threads, field->blocks, field->cluster)
		: field->blocks ? Py_BuildValue("II", field->threads, field->blocks) : Py_BuildValue("(I)", field->threads);
}

static bool read_CARVEOUT(const gj_option *row, PyObject *v, int8_t *field)
{
	static const char wanted[] = "'MaxL1', 'MaxShared', 'default' or an int from -1 to 100";
	static const struct { const char *name; int8_t percent; } named[] = { { "default", -1 }, { "maxl1", 0 }, { "maxshared", 100 } };
	*field = -1;
	if (v == Py_None)
		return true;
	if (PyUnicode_Check(v)) {
		const char *name = PyUnicode_AsUTF8(v);
		for (size_t i = 0; name && i < GJ_LEN(named); i++)
			if (!strcasecmp(name, named[i].name))
				return *field = named[i].percent, true;
		return name && wrong_value(row, wanted, v);
	}
	int32_t percent;
	bool ok = read_number(row, v, -1, wanted, v, (uint32_t *)&percent) && (percent <= 100 || wrong_value(row, wanted, v));
	*field = ok ? (int8_t)percent : -1;
	return ok;
}

static PyObject *show_CARVEOUT(const int8_t *field) { return PyLong_FromLong(*field); }

static bool read_CC(const gj_option *row, PyObject *v, gj_cc *field)
{
	uint32_t major = 0, minor = 0;
	if (!PyTuple_Check(v) || PyTuple_GET_SIZE(v) != 2)
		return wrong_type(row, "a tuple (major, minor)", v);
	bool ok = read_number(row, PyTuple_GET_ITEM(v, 0), 0, "a tuple (major, minor)", v, &major)
		&& read_number(row, PyTuple_GET_ITEM(v, 1), 0, "a tuple (major, minor)", v, &minor);
	*field = (gj_cc){ (int)major, (int)minor };
	return ok;
}

static PyObject *show_CC(const gj_cc *field) { return Py_BuildValue("ii", field->major, field->minor); }

/* The text is the Python object's own. */
static bool read_TEXT(const gj_option *row, PyObject *v, const char **field)
{
	*field = NULL;
	if (v == Py_None)
		return true;
	return PyUnicode_Check(v) ? (*field = PyUnicode_AsUTF8(v)) != NULL : wrong_type(row, "a str", v);
}

static PyObject *show_TEXT(const char *const *field) { return Py_BuildValue("z", *field); }

static bool read_ENTRY(const gj_option *row, PyObject *v, gj_entry_kind *field)
{
	const char *name;
	if (!read_TEXT(row, v, &name))
		return false;
	*field = name ? gj_entry_named(name) : GJ_NENTRIES;
	return *field != GJ_NENTRIES || wrong_value(row, "a row of entry.def", v);
}

static PyObject *show_ENTRY(const gj_entry_kind *field) { return PyUnicode_FromString(gj_entries[*field].name); }

static bool read_TARGET(const gj_option *row, PyObject *v, const gj_target **field)
{
	const char *name;
	if (!read_TEXT(row, v, &name))
		return false;
	for (int i = 0; name && i < GJ_NTARGETS; i++)
		if (!strcmp(gj_targets[i].name, name))
			return *field = &gj_targets[i], true;
	return wrong_value(row, "a row of targets.def", v);
}

static PyObject *show_TARGET(const gj_target *const *field) { return PyUnicode_FromString((*field)->name); }

#define X(kind, type) \
	static bool read_any_##kind(const gj_option *row, PyObject *v, char *field) \
	{ \
		return read_##kind(row, v, (type *)(void *)field); \
	} \
	static PyObject *show_any_##kind(const char *field) { return show_##kind((type const *)(const void *)field); }
GJ_OPTION_KINDS(X)
#undef X

static const struct {
	bool (*read)(const gj_option *, PyObject *, char *field);
	PyObject *(*show)(const char *field);
	const char *name;
} kinds[] = {
#define X(kind, type) { read_any_##kind, show_any_##kind, #kind },
	GJ_OPTION_KINDS(X)
#undef X
};

/* -- All rows ------------------------------------------------------------------------------------------------------------------- */

/* Names are separated by commas. */
static bool unknown(const char *function, const char *keyword, PyObject *known)
{
	PyObject *comma = PyUnicode_FromString(", "), *all = comma ? PyUnicode_Join(comma, known) : NULL;
	const char *list = all ? PyUnicode_AsUTF8(all) : NULL;
	gj_nearest like = gj_nearest_to(keyword);
	gj_nearest_offer_names(&like, known);
	if (list)
		gj_error(GJ_ERR_OPTION_UNKNOWN, function, keyword, gj_did_you_mean(&like), list);
	Py_XDECREF(all);
	Py_XDECREF(comma);
	return false;
}

/* The options of a function whose callers are `setters`. */
static bool unknown_option(const char *function, const char *keyword, unsigned setters)
{
	PyObject *known = PyList_New(0);
	for (int i = 0; known && i < GJ_NOPTIONS; i++) {
		PyObject *name = gj_option_rows[i].setters & setters ? PyUnicode_FromString(gj_option_rows[i].keyword) : NULL;
		if (name && PyList_Append(known, name) < 0)
			Py_CLEAR(known);
		Py_XDECREF(name);
	}
	if (known)
		unknown(function, keyword, known);
	Py_XDECREF(known);
	return false;
}

/* check_keywords(function, keywords, known): TypeError for a keyword that is not known. */
PyObject *gj_check_keywords(PyObject *m, PyObject *args)
{
	(void)m;
	const char *function;
	PyObject *given, *known, *key, *value;
	Py_ssize_t at = 0;
	if (!PyArg_ParseTuple(args, "sO!O!:check_keywords", &function, &PyDict_Type, &given, &PyTuple_Type, &known))
		return NULL;
	while (PyDict_Next(given, &at, &key, &value)) {
		int is = PySequence_Contains(known, key);
		const char *keyword = is ? NULL : PyUnicode_AsUTF8(key);
		if (is < 0 || (!is && (!keyword || !unknown(function, keyword, known))))
			return NULL;
	}
	Py_RETURN_NONE;
}

bool gj_options_read(PyObject *dict, const char *function, unsigned setters, gj_options *out)
{
	PyObject *key, *value;
	Py_ssize_t at = 0;
	*out = gj_options_default;
	while (PyDict_Next(dict, &at, &key, &value)) {
		const char *keyword = PyUnicode_Check(key) ? PyUnicode_AsUTF8(key) : "";
		const gj_option *row = keyword ? gj_option_named(keyword) : NULL;
		if (!keyword)
			return false;
		if (!row || !(row->setters & setters))
			return unknown_option(function, keyword, setters);
		if (!kinds[row->kind].read(row, value, (char *)out + row->at))
			return false;
	}
	if (gj_config.boundscheck >= 0 && !(setters & GJ_SET_COMPILE))
		out->boundscheck = gj_config.boundscheck;
	return true;
}

PyObject *gj_options_show(const gj_options *o, unsigned setters)
{
	PyObject *dict = PyDict_New();
	for (int i = 0; dict && i < GJ_NOPTIONS; i++) {
		const gj_option *row = &gj_option_rows[i];
		if (!(row->setters & setters))
			continue;
		PyObject *v = kinds[row->kind].show((const char *)o + row->at);
		if (!v || PyDict_SetItemString(dict, row->keyword, v) < 0)
			Py_CLEAR(dict);
		Py_XDECREF(v);
	}
	return dict;
}

static const struct { const char *name; gj_setter setter; } functions[] = {
	{ "jit", GJ_SET_JIT }, { "compile", GJ_SET_COMPILE },
};

/* read_options(function, keywords): the options that callers of "jit" or "compile" can give, checked, with defaults. */
PyObject *gj_read_options(PyObject *m, PyObject *args)
{
	(void)m;
	const char *function;
	PyObject *dict;
	gj_options o;
	if (!PyArg_ParseTuple(args, "sO!:read_options", &function, &PyDict_Type, &dict))
		return NULL;
	for (size_t i = 0; i < GJ_LEN(functions); i++)
		if (!strcmp(functions[i].name, function))
			return gj_options_read(dict, function, functions[i].setter, &o) ? gj_options_show(&o, functions[i].setter) : NULL;
	return gj_error(GJ_ERR_OPTION_UNKNOWN, "read_options", function, "", "jit, compile");
}

/* OPTIONS: (keyword, kind, part of the key?, can callers of cuda.jit() set it?, of cuda.compile()?, what it does) of each row. */
int gj_options_init(PyObject *m)
{
	PyObject *all = PyTuple_New(GJ_NOPTIONS);
	for (int i = 0; all && i < GJ_NOPTIONS; i++) {
		const gj_option *row = &gj_option_rows[i];
		PyObject *t = Py_BuildValue("ssNNNs", row->keyword, kinds[row->kind].name, PyBool_FromLong(row->key),
			PyBool_FromLong(row->setters & GJ_SET_JIT), PyBool_FromLong(row->setters & GJ_SET_COMPILE), row->what);
		if (t)
			PyTuple_SET_ITEM(all, i, t);
		else
			Py_CLEAR(all);
	}
	int status = all ? PyModule_AddObjectRef(m, "OPTIONS", all) : -1;
	Py_XDECREF(all);
	return status;
}

/* -- What a device adds ----------------------------------------------------------------------------------------------------------- */

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

bool gj_options_for(const gj_options *base, gj_device *dev, uint32_t facts, gj_options *o)
{
	*o = *base;
	o->facts = facts;
	o->target = dev->ops->target;
	o->cc = (gj_cc){ dev->info.cc_major, dev->info.cc_minor };
	o->ptx_version = dev->info.ptx_version;
	o->width = o->target->vectors ? (uint32_t)gj_config.cpu_width : 1;
	o->libm_exact = o->target->vectors && gj_config.libm_exact;
	return !o->target->library || gj_libdevice(&o->libdevice);
}
