/* Function objects → struct gj_code, through CPython's public API. Every function is frozen once a freeze, so recursion
 * and shared callees are found again by identity. Globals are read for the names that LOAD_GLOBAL uses, attributes of
 * namespaces for those that attribute access uses: nothing else that a module holds can change the digest. */
#include "freeze/freeze.h"
#include "freeze/extern.h"
#include "freeze/freezer.h"
#include "freeze/intrinsic.h"
#include "freeze/known.h"
#include "freeze/overloaded.h"
#include "nearest.h"
#include "types/typeobj.h"

#include "bytecode/decode.h"

#include <string.h>

enum { MAX_FUNCTIONS = 4096, MAX_NESTED = 64 /* functions inside functions */ };

/* Where a code object gets its names from. Nested code shares it with the function around it. */
typedef struct scope { PyObject *globals, *builtins; gj_names names; } scope;

/* -- Small conversions -------------------------------------------------------------------------------------------- */

static int int_attr(PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString(o, name);
	long n = v ? PyLong_AsLong(v) : -1;
	Py_XDECREF(v);
	return (int)n;
}

static const char *text_attr(gj_freezer *fz, PyObject *o, const char *name)
{
	PyObject *v = PyObject_GetAttrString(o, name);
	const char *s = v && PyUnicode_Check(v) ? gj_freeze_text(fz, v) : "?";
	Py_XDECREF(v);
	return s;
}

static bool contains(const char *const *p, int n, const char *s)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(p[i], s))
			return true;
	return false;
}

/* Appends the names of a tuple that are not there yet. */
static int add_vars(gj_freezer *fz, gj_code *c, const char **var, PyObject *tuple)
{
	Py_ssize_t n = PyTuple_GET_SIZE(tuple);
	int added = 0;
	for (Py_ssize_t i = 0; i < n; i++) {
		const char *s = gj_freeze_text(fz, PyTuple_GET_ITEM(tuple, i));
		if (contains(var, c->nvars, s))
			continue;
		var[c->nvars++] = s;
		added++;
	}
	return added;
}

/* CPython's order: arguments and locals, cells that are neither, free variables. */
static int freeze_vars(gj_freezer *fz, gj_code *c, PyCodeObject *co)
{
	PyObject *locals = PyCode_GetVarnames(co), *cells = PyCode_GetCellvars(co), *free = PyCode_GetFreevars(co);
	int status = locals && cells && free ? 0 : -1;
	if (!status) {
		size_t n = (size_t)(PyTuple_GET_SIZE(locals) + PyTuple_GET_SIZE(cells) + PyTuple_GET_SIZE(free));
		const char **var = gj_new(fz->arena, const char *, n + 1);
		add_vars(fz, c, var, locals);
		add_vars(fz, c, var, cells);
		c->nfree = add_vars(fz, c, var, free);
		c->var = var;
	}
	Py_XDECREF(locals);
	Py_XDECREF(cells);
	Py_XDECREF(free);
	return status;
}

/* -- Bytes, positions, exception table ---------------------------------------------------------------------------- */

static int freeze_bytes(gj_freezer *fz, gj_code *c, PyCodeObject *co)
{
	PyObject *bytes = PyCode_GetCode(co);
	if (!bytes)
		return -1;
	c->nunits = (uint32_t)(PyBytes_GET_SIZE(bytes) / 2);
	c->bytes = gj_memdup(fz->arena, PyBytes_AS_STRING(bytes), 2 * (size_t)c->nunits);
	Py_DECREF(bytes);
	return 0;
}

static int32_t position(PyObject *four, int i)
{
	PyObject *v = PyTuple_Check(four) && PyTuple_GET_SIZE(four) == 4 ? PyTuple_GET_ITEM(four, i) : Py_None;
	return v == Py_None ? -1 : (int32_t)PyLong_AsLong(v);
}

/* co_positions() gives (line, end line, column, end column) for every unit, in one walk. */
static int freeze_positions(gj_freezer *fz, gj_code *c, PyCodeObject *co)
{
	gj_pos *pos = gj_new(fz->arena, gj_pos, c->nunits + 1);
	PyObject *it = PyObject_CallMethod((PyObject *)co, "co_positions", NULL), *four = NULL;
	for (uint32_t u = 0; it && u < c->nunits; u++) {
		if (!(four = PyIter_Next(it)))
			pos[u] = (gj_pos){ -1, -1, -1, -1 };
		else
			pos[u] = (gj_pos){ position(four, 0), position(four, 2), position(four, 1), position(four, 3) };
		Py_XDECREF(four);
	}
	c->pos = pos;
	Py_XDECREF(it);
	return PyErr_Occurred() ? -1 : 0;
}

/* One number of the exception table: six bits a byte, bit 6 says that more follow. */
static uint32_t varint(const uint8_t **p, const uint8_t *end)
{
	uint32_t x = 0;
	while (*p < end) {
		uint8_t b = *(*p)++;
		x = x << 6 | (b & 63);
		if (!(b & 64))
			break;
	}
	return x;
}

/* Handlers of the user's try and with begin by PUSH_EXC_INFO; those that a comprehension or generator gets do not. */
static int freeze_handlers(gj_freezer *fz, gj_code *c, PyObject *co)
{
	GJ_VEC(gj_handler) all = { 0 };
	PyObject *table = PyObject_GetAttrString(co, "co_exceptiontable");
	if (!table)
		return -1;
	const uint8_t *p = (const uint8_t *)PyBytes_AS_STRING(table), *end = p + PyBytes_GET_SIZE(table);
	while (p < end) {
		uint32_t first = varint(&p, end), length = varint(&p, end), target = varint(&p, end), depth = varint(&p, end);
		const char *op = target < c->nunits ? gj_python.name[c->bytes[2 * (size_t)target]] : NULL;
		c->user_handlers |= op && !strcmp(op, "PUSH_EXC_INFO");
		gj_push(fz->arena, &all, ((gj_handler){ first, first + length, target, depth >> 1, depth & 1 }));
	}
	Py_DECREF(table);
	if (c->user_handlers) {
		c->handler = all.p;
		c->nhandlers = all.n;
	}
	return 0;
}

/* -- Names -------------------------------------------------------------------------------------------------------- */

enum { USED_GLOBAL = 1, USED_ATTR = 2 };

/* How each entry of co_names is used. */
static uint8_t *name_uses(gj_freezer *fz, const gj_code *c)
{
	static const struct { const char *op; uint8_t use; } uses[] = {
		{ "LOAD_GLOBAL", USED_GLOBAL }, { "LOAD_ATTR", USED_ATTR }, { "LOAD_METHOD", USED_ATTR }
	};
	uint8_t *used = gj_new(fz->arena, uint8_t, c->nnames + 1);
	gj_insns in = gj_decode(fz->arena, c);
	for (uint32_t i = 0; i < in.n; i++)
		for (size_t k = 0; k < GJ_LEN(uses) && in.p[i].row != UINT16_MAX; k++) {
			bool doubled = k == 0 || (k == 1 && c->version >= 312);    /* the operand's bit 0 is a flag */
			uint32_t n = in.p[i].arg >> doubled;
			if (!strcmp(gj_pyops[in.p[i].row].name, uses[k].op) && n < (uint32_t)c->nnames)
				used[n] |= uses[k].use;
		}
	return used;
}

static int freeze_names(gj_freezer *fz, gj_code *c, PyObject *names)
{
	c->nnames = (int)PyTuple_GET_SIZE(names);
	const char **text = gj_new(fz->arena, const char *, c->nnames + 1);
	for (int i = 0; i < c->nnames; i++)
		text[i] = gj_freeze_text(fz, PyTuple_GET_ITEM(names, i));
	c->name_text = text;
	return 0;
}

/* New reference, for freezing a value may run code that takes it out of the dictionary; NULL without an exception: the name
 * is neither a global nor a builtin. */
static PyObject *look_up(const scope *sc, PyObject *name)
{
	PyObject *v = PyDict_GetItemWithError(sc->globals, name);
	if (!v && !PyErr_Occurred() && sc->builtins && PyDict_Check(sc->builtins))
		v = PyDict_GetItemWithError(sc->builtins, name);
	return Py_XNewRef(v);
}

/* A decorator compiles before its function has the name by which it calls itself. */
static bool is_root(const gj_freezer *fz, const char *name) { return fz->root && !strcmp(name, fz->root_name); }

/* No global has the name: it may be a method of arrays that is a function of ours, or a method or an attribute that was
 * overloaded, the object's only item then. */
static gj_obj *missing(gj_freezer *fz, PyObject *name, const char *text)
{
	gj_obj *r = gj_obj_new(fz, GJ_OBJ_MISSING, text);
	PyObject *f = fz->captures && fz->captures->memory ? gj_known_method(name) : gj_known_element_method(name);
	if (!f && !PyErr_Occurred())
		f = gj_overloaded_method(fz, name);
	if (!f && !PyErr_Occurred() && (f = gj_overloaded_attribute(fz, name)))
		r->i = 1;
	if (!f)
		return PyErr_Occurred() ? NULL : r;
	const gj_obj **item = gj_new(fz->arena, const gj_obj *, 1);
	if (!(item[0] = gj_freeze_value(fz, f, NULL)))
		return NULL;
	r->item = item;
	r->n = 1;
	return r;
}

/* The functions that stand for operations are ours, and the same for everybody: they are read once, by a freeze of their own. */
static int freeze_written(gj_freezer *fz)
{
	if (!fz->written && fz->captures && fz->captures->memory)
		fz->written = gj_freeze_written();
	return PyErr_Occurred() ? -1 : 0;
}

/* What may have been meant by a name that is not defined: another variable of the function, global or builtin. */
static const char *meant(gj_freezer *fz, const gj_code *c, const scope *sc, const char *name)
{
	gj_nearest like = gj_nearest_to(name);
	for (int i = 0; i < c->nvars; i++)
		gj_nearest_offer(&like, c->var[i]);
	gj_nearest_offer_names(&like, sc->globals);
	if (sc->builtins)
		gj_nearest_offer_names(&like, sc->builtins);
	return gj_strdup(fz->arena, gj_did_you_mean(&like));
}

/* The value of name i as a global or builtin; NULL: an exception is set. */
static const gj_obj *freeze_global(gj_freezer *fz, const gj_code *c, int i, PyObject *name, bool used, const scope *sc)
{
	PyObject *v = used ? look_up(sc, name) : NULL;
	if (v || PyErr_Occurred())
		return v ? gj_freeze_kept(fz, v, &sc->names) : NULL;
	if (used && is_root(fz, c->name_text[i]))
		return gj_freeze_met(fz, fz->root, NULL);
	gj_obj *r = missing(fz, name, c->name_text[i]);
	if (r && used)
		r->instead = meant(fz, c, sc, c->name_text[i]);
	return r;
}

static int freeze_globals(gj_freezer *fz, gj_code *c, PyObject *names, const scope *sc)
{
	const gj_obj **global = gj_new(fz->arena, const gj_obj *, c->nnames + 1);
	const uint8_t *used = name_uses(fz, c);
	for (int i = 0; i < c->nnames; i++)
		if (!(global[i] = freeze_global(fz, c, i, PyTuple_GET_ITEM(names, i), used[i] & USED_GLOBAL, sc)))
			return -1;
	c->global = global;
	return 0;
}

/* -- Code --------------------------------------------------------------------------------------------------------- */

/* What needs no look at names and constants: enough to decode. */
static int freeze_shell(gj_freezer *fz, gj_code *c, PyObject *co, PyObject *names)
{
	c->name = text_attr(fz, co, "co_name");
	c->qualname = text_attr(fz, co, "co_qualname");
	c->file = text_attr(fz, co, "co_filename");
	c->firstline = int_attr(co, "co_firstlineno");
	c->flags = (uint32_t)int_attr(co, "co_flags");
	c->nargs = int_attr(co, "co_argcount");
	c->nposonly = int_attr(co, "co_posonlyargcount");
	c->nkwonly = int_attr(co, "co_kwonlyargcount");
	c->version = gj_python.version;
	if (PyErr_Occurred() || freeze_names(fz, c, names) || freeze_vars(fz, c, (PyCodeObject *)co)
	    || freeze_bytes(fz, c, (PyCodeObject *)co) || freeze_positions(fz, c, (PyCodeObject *)co))
		return -1;
	return freeze_handlers(fz, c, co);
}

static int freeze_code(gj_freezer *fz, gj_code *c, PyObject *co, const scope *sc);

/* Remembers the function that nested code is before anything is bound to it. */
static int note_nested(gj_freezer *fz, const gj_code *c, PyObject *code, const scope *sc)
{
	if (!fz->captures || !fz->captures->objects)
		return 0;
	PyObject *key = PyLong_FromVoidPtr((void *)(uintptr_t)c), *f = key ? PyFunction_New(code, sc->globals) : NULL;
	int status = f ? PyDict_SetItem(fz->captures->objects, key, f) : -1;
	Py_XDECREF(key);
	Py_XDECREF(f);
	return status;
}

/* Constants; nested code keeps the scope, everything else is a value. */
static int freeze_constants(gj_freezer *fz, gj_code *c, PyObject *konsts, const scope *sc)
{
	c->nkonsts = (int)PyTuple_GET_SIZE(konsts);
	const gj_obj **konst = gj_new(fz->arena, const gj_obj *, c->nkonsts + 1);
	for (int i = 0; i < c->nkonsts; i++) {
		PyObject *k = PyTuple_GET_ITEM(konsts, i);
		if (!PyCode_Check(k)) {
			if (!(konst[i] = gj_freeze_value(fz, k, &sc->names)))
				return -1;
			continue;
		}
		if (fz->frames >= GJ_MAX_FRAMES) {
			konst[i] = gj_obj_new(fz, GJ_OBJ_OPAQUE, "a function behind too many others");
			continue;
		}
		gj_code *nested = gj_new(fz->arena, gj_code, 1);
		gj_obj *o = gj_obj_new(fz, GJ_OBJ_CODE, NULL);
		fz->frames++;
		int status = freeze_code(fz, nested, k, sc);
		fz->frames--;
		if (status < 0 || note_nested(fz, nested, k, sc) < 0)
			return -1;
		nested->digest = gj_code_digest(nested);
		o->code = nested;
		o->name = nested->name;
		konst[i] = o;
	}
	c->konst = konst;
	return 0;
}

static int freeze_code(gj_freezer *fz, gj_code *c, PyObject *co, const scope *sc)
{
	PyObject *names = PyObject_GetAttrString(co, "co_names"), *konsts = PyObject_GetAttrString(co, "co_consts");
	int status = names && konsts ? freeze_shell(fz, c, co, names) : -1;
	if (!status)
		status = freeze_globals(fz, c, names, sc);
	if (!status)
		status = freeze_written(fz);
	c->written = fz->written;
	if (!status)
		status = freeze_constants(fz, c, konsts, sc);
	Py_XDECREF(names);
	Py_XDECREF(konsts);
	return status;
}

/* Code objects are values only as constants of functions, which freeze_constants takes. */
const gj_obj *gj_freeze_code(gj_freezer *fz, PyObject *code)
{
	(void)code;
	return gj_obj_new(fz, GJ_OBJ_OPAQUE, "a code object");
}

/* Adds the attribute names that a code object and the code nested in it use. Comes before anything else that walks nested
 * code, and sees to it that it ends. */
static int collect_names(gj_freezer *fz, PyObject *co, gj_names *out, int depth)
{
	gj_code c = { .version = gj_python.version };
	if (depth > MAX_NESTED) {
		gj_error(GJ_ERR_CODE_DEPTH, text_attr(fz, co, "co_name"), MAX_NESTED);
		return -1;
	}
	PyObject *names = PyObject_GetAttrString(co, "co_names"), *konsts = PyObject_GetAttrString(co, "co_consts");
	int status = names && konsts ? freeze_names(fz, &c, names) : -1;
	if (!status)
		status = freeze_bytes(fz, &c, (PyCodeObject *)co);
	if (!status) {
		const uint8_t *used = name_uses(fz, &c);
		const char **name = gj_new(fz->arena, const char *, out->n + (uint32_t)c.nnames + 1);
		PyObject **object = gj_new(fz->arena, PyObject *, out->n + (uint32_t)c.nnames + 1);
		for (uint32_t i = 0; i < out->n; i++) {
			name[i] = out->name[i];
			object[i] = out->object[i];
		}
		for (int i = 0; i < c.nnames; i++)
			if (used[i] & USED_ATTR && !contains(name, (int)out->n, c.name_text[i])) {
				name[out->n] = c.name_text[i];
				object[out->n++] = PyTuple_GET_ITEM(names, i);     /* the code object holds it */
			}
		out->name = name;
		out->object = object;
	}
	for (Py_ssize_t i = 0; !status && i < PyTuple_GET_SIZE(konsts); i++)
		if (PyCode_Check(PyTuple_GET_ITEM(konsts, i)))
			status = collect_names(fz, PyTuple_GET_ITEM(konsts, i), out, depth + 1);
	Py_XDECREF(names);
	Py_XDECREF(konsts);
	return status;
}

/* What sum(a) asks of an array is what it asks of a generator that yields its items. */
const gj_code *gj_freeze_iteration(gj_freezer *fz)
{
	static PyObject *konsts;
	if (fz->iteration)
		return fz->iteration;
	PyObject *text = konsts ? NULL : Py_CompileString("(x for x in it)", "<iteration>", Py_eval_input);
	if (text)
		konsts = PyObject_GetAttrString(text, "co_consts");
	PyObject *globals = PyDict_New();
	gj_code *c = gj_new(fz->arena, gj_code, 1);
	int status = -1;
	if (konsts && globals && PyTuple_GET_SIZE(konsts) > 0 && PyCode_Check(PyTuple_GET_ITEM(konsts, 0)))
		status = freeze_code(fz, c, PyTuple_GET_ITEM(konsts, 0), &(scope){ .globals = globals });
	if (!status) {
		c->digest = gj_code_digest(c);
		fz->iteration = c;
	}
	Py_XDECREF(globals);
	Py_XDECREF(text);
	return fz->iteration;
}

/* -- Functions ---------------------------------------------------------------------------------------------------- */

static const gj_obj *freeze_cell(gj_freezer *fz, PyObject *cell, const char *name, const scope *sc)
{
	PyObject *v = PyCell_Get(cell);
	if (!v && is_root(fz, name))
		return gj_freeze_met(fz, fz->root, NULL);
	return v ? gj_freeze_kept(fz, v, &sc->names) : gj_obj_new(fz, GJ_OBJ_MISSING, name);
}

static int freeze_closure(gj_freezer *fz, gj_code *c, PyObject *function, const scope *sc)
{
	PyObject *cells = PyFunction_GetClosure(function);
	if (cells && PyList_Append(fz->keep, cells) < 0)
		return -1;
	const gj_obj **value = gj_new(fz->arena, const gj_obj *, c->nfree + 1);
	for (int i = 0; i < c->nfree; i++) {
		const char *name = c->var[c->nvars - c->nfree + i];
		value[i] = cells && i < PyTuple_GET_SIZE(cells) ? freeze_cell(fz, PyTuple_GET_ITEM(cells, i), name, sc)
		                                                : gj_obj_new(fz, GJ_OBJ_MISSING, name);
		if (!value[i])
			return -1;
	}
	c->free_value = value;
	return 0;
}

static int freeze_defaults(gj_freezer *fz, gj_code *c, PyObject *function, const scope *sc)
{
	PyObject *defaults = PyFunction_GetDefaults(function), *kw = PyFunction_GetKwDefaults(function);
	if (kw && PyList_Append(fz->keep, kw) < 0)
		return -1;
	if (defaults && PyTuple_Check(defaults)) {
		const gj_obj *t = gj_freeze_kept(fz, Py_NewRef(defaults), &sc->names);
		if (!t)
			return -1;
		c->defaults = t->item;
		c->ndefaults = (int)t->n;
	}
	if (!kw || !PyDict_Check(kw) || !c->nkwonly)
		return 0;
	const gj_obj **value = gj_new(fz->arena, const gj_obj *, c->nkwonly);
	for (int i = 0; i < c->nkwonly; i++) {
		PyObject *v = PyDict_GetItemString(kw, c->var[c->nargs + i]);
		if (v && !(value[i] = gj_freeze_kept(fz, Py_NewRef(v), &sc->names)))
			return -1;
	}
	c->kwdefaults = value;
	return 0;
}

/* A number among a dispatcher's attributes; 0: absent, or an exception is set. */
static long option(PyObject *dispatcher, const char *name)
{
	PyObject *v;
	gj_attribute(dispatcher, name, &v);
	long n = v && PyLong_Check(v) ? PyLong_AsLong(v) : 0;
	Py_XDECREF(v);
	return n;
}

/* Types of variables by name, of a dispatcher (locals=). */
static int freeze_casts(gj_freezer *fz, gj_code *c, PyObject *dispatcher)
{
	PyObject *types = NULL;
	if (gj_attribute(dispatcher, "_gj_locals", &types) < 0)
		return -1;
	const gj_type **cast = types && PyDict_Check(types) && PyDict_GET_SIZE(types) ? gj_new(fz->arena, const gj_type *, c->nvars + 1) : NULL;
	for (int i = 0; cast && i < c->nvars; i++) {
		PyObject *t = PyDict_GetItemString(types, c->var[i]);
		cast[i] = t ? gj_type_from_py(t) : NULL;
	}
	c->cast = cast;
	Py_XDECREF(types);
	return PyErr_Occurred() ? -1 : 0;
}

/* One explicit signature: (return type or None, argument types). false: it has types that nobody knows, or an exception is set. */
static bool freeze_signature(gj_freezer *fz, PyObject *o, gj_declared *sig)
{
	PyObject *ret, *args;
	if (!PyArg_ParseTuple(o, "OO!", &ret, &PyTuple_Type, &args))
		return false;
	int n = (int)PyTuple_GET_SIZE(args);
	const gj_type **type = gj_new(fz->arena, const gj_type *, n + 1);
	bool known = true;
	for (int i = 0; i < n; i++)
		known &= (type[i] = gj_type_from_py(PyTuple_GET_ITEM(args, i))) != NULL;
	*sig = (gj_declared){ ret == Py_None ? NULL : gj_type_from_py(ret), type, n };
	return known;
}

/* Options that a dispatcher carries for the compiler: inlining, and the types of explicit signatures and of variables. */
static int freeze_options(gj_freezer *fz, gj_code *c, PyObject *dispatcher)
{
	if (freeze_casts(fz, c, dispatcher) < 0)
		return -1;
	long level = option(dispatcher, "_gj_inline");
	c->inline_ = level == 1 ? GJ_INLINE_ALWAYS : level == 2 ? GJ_INLINE_NEVER : GJ_INLINE_AUTO;
	c->forceinline = option(dispatcher, "_gj_forceinline") > 0;
	PyObject *all = NULL;
	if (PyErr_Occurred() || gj_attribute(dispatcher, "_gj_signatures", &all) < 0)
		return -1;
	Py_ssize_t n = all && PyList_Check(all) ? PyList_GET_SIZE(all) : 0;
	gj_declared *sig = gj_new(fz->arena, gj_declared, n + 1);
	for (Py_ssize_t i = 0; i < n && !PyErr_Occurred(); i++)
		c->ndeclared += freeze_signature(fz, PyList_GET_ITEM(all, i), &sig[c->ndeclared]);
	c->declared = c->ndeclared ? sig : NULL;
	Py_XDECREF(all);
	return PyErr_Occurred() ? -1 : 0;
}

/* Is it one of those that stand for NumPy's? Those of random numbers are Python's, too. */
static bool is_numpys(PyObject *globals)
{
	static const char ours[] = "gridjit._functions.";
	PyObject *name = PyDict_GetItemString(globals, "__name__");
	const char *text = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
	gj_forgive(PyExc_Exception);
	return text && !strncmp(text, ours, sizeof ours - 1) && strcmp(text + sizeof ours - 1, "random");
}

static int fill_function(gj_freezer *fz, gj_code *c, PyObject *function, PyObject *dispatcher)
{
	PyObject *co = PyFunction_GetCode(function), *builtins;
	scope *sc = gj_new(fz->arena, scope, 1);               /* its address tells attributes of namespaces apart */
	if (gj_attribute(function, "__builtins__", &builtins) < 0)
		return -1;
	sc->globals = PyFunction_GetGlobals(function);
	sc->builtins = builtins;
	/* What is frozen may run code that gives the function other parts; `keep` holds these. */
	int status = PyList_Append(fz->keep, co) < 0 || PyList_Append(fz->keep, sc->globals) < 0 ? -1 : 0;
	if (!status)
		status = collect_names(fz, co, &sc->names, 0);
	if (!status)
		status = freeze_code(fz, c, co, sc);
	if (!status)
		status = freeze_closure(fz, c, function, sc);
	if (!status)
		status = freeze_defaults(fz, c, function, sc);
	if (!status && dispatcher)
		status = freeze_options(fz, c, dispatcher);
	if (!status)
		c->divides_quietly = is_numpys(sc->globals);
	Py_XDECREF(builtins);
	if (!status)
		c->digest = gj_code_digest(c);
	return status;
}

/* A function as such and as a dispatcher's are two objects: the latter has options. */
const gj_obj *gj_freeze_function(gj_freezer *fz, PyObject *function, PyObject *dispatcher)
{
	PyObject *key = dispatcher ? dispatcher : function;
	gj_obj *r = gj_freeze_met(fz, key, NULL);
	if (r)
		return r;
	if (fz->nfunctions++ >= MAX_FUNCTIONS)
		return gj_obj_new(fz, GJ_OBJ_OPAQUE, "a function");
	gj_code *c = gj_new(fz->arena, gj_code, 1);
	uint32_t depth = fz->depth;
	r = gj_obj_new(fz, GJ_OBJ_FUNCTION, text_attr(fz, function, "__name__"));
	r->code = c;
	fz->depth = 0;                                         /* counts the nesting of values, not of calls */
	if (Py_EnterRecursiveCall(" while reading a kernel's functions"))
		return NULL;
	int status = gj_freeze_meet(fz, key, NULL, r) < 0 ? -1 : fill_function(fz, c, function, dispatcher);
	Py_LeaveRecursiveCall();
	fz->depth = depth;
	return status ? NULL : r;
}

/* -- Entry -------------------------------------------------------------------------------------------------------- */

typedef struct wanted { const gj_code **code; const gj_obj **obj, *const **written; } wanted;            /* one of them */

static int freeze_any(gj_freezer *fz, PyObject *o, wanted out)
{
	*out.obj = gj_freeze_value(fz, o, NULL);
	return *out.obj && !PyErr_Occurred() ? 0 : -1;
}

static int freeze_root(gj_freezer *fz, PyObject *o, wanted out)
{
	PyObject *given = fz->captures ? fz->captures->function : NULL;
	PyObject *f = PyFunction_Check(o) ? Py_NewRef(o) : given ? Py_NewRef(given) : gj_freeze_python(o);
	int status = -1;
	if (!f)
		gj_error(GJ_ERR_NOT_FUNCTION, Py_TYPE(o)->tp_name);
	else {
		fz->root = f == o ? NULL : o;
		fz->root_name = text_attr(fz, f, "__name__");
		const gj_obj *r = gj_freeze_function(fz, f, fz->root);
		status = r && !PyErr_Occurred() ? 0 : -1;
		if (r)
			*out.code = r->code, ((gj_code *)r->code)->captures = fz->captures && fz->captures->kept;
	}
	Py_XDECREF(f);
	return status;
}

/* They refer to each other, and are whole when all are. */
static int freeze_all_written(gj_freezer *fz, PyObject *all, wanted out)
{
	const gj_obj **written = gj_new(fz->arena, const gj_obj *, GJ_NWRITTEN);
	fz->written = *out.written = written;
	for (int i = 0; i < GJ_NWRITTEN; i++)
		if (!(written[i] = gj_freeze_function(fz, PyTuple_GET_ITEM(all, i), NULL)))
			return -1;
	return 0;
}

/* The arena's trap catches a failed allocation: only our own frames lie between. */
static int freeze(PyObject *o, gj_arena *arena, gj_captures *captures, wanted out)
{
	if (gj_python.version < 311 || gj_python.version > 313) {
		gj_error(GJ_ERR_PYTHON, gj_python.version / 100, gj_python.version % 100);
		return -1;
	}
	if (gj_known_init() < 0)
		return -1;
	gj_trap trap = { .arena = arena };
	gj_arena_trap(arena, &trap);
	gj_freezer fz = { .arena = arena, .keep = PyList_New(0), .captures = captures };
	int status = -1;
	if (setjmp(trap.env))
		gj_diag_error(&trap.diag);
	else if (fz.keep)
		status = (out.code ? freeze_root : out.obj ? freeze_any : freeze_all_written)(&fz, o, out);
	gj_arena_trap(arena, NULL);
	Py_XDECREF(fz.keep);
	return status;
}

int gj_freeze(PyObject *o, gj_arena *arena, gj_captures *captures, const gj_code **out)
{
	return freeze(o, arena, captures, (wanted){ .code = out });
}

int gj_freeze_object(PyObject *o, gj_arena *arena, gj_captures *captures, const gj_obj **out)
{
	return freeze(o, arena, captures, (wanted){ .obj = out });
}

const gj_obj *const *gj_freeze_written(void)
{
	static const gj_obj *const *written;
	PyObject *all = written ? NULL : gj_known_written();
	if (!all || !PyTuple_Check(all) || PyTuple_GET_SIZE(all) != GJ_NWRITTEN)
		return written;
	gj_arena *arena = gj_arena_new();
	gj_captures captures = { .memory = true };
	const gj_obj *const *read = NULL;
	int status = arena ? freeze(all, arena, &captures, (wanted){ .written = &read }) : (PyErr_NoMemory(), -1);
	if (status || written)                         /* another thread may have been faster */
		gj_arena_free(arena);
	else
		written = read;
	return status ? NULL : written;
}

/* -- Start -------------------------------------------------------------------------------------------------------- */

/* Names and numbers of the running interpreter's bytecodes; the names live as long as the process. */
static int read_opcodes(void)
{
	static PyObject *opmap;
	if (opmap)
		return 0;
	PyObject *name, *number;
	Py_ssize_t at = 0;
	opmap = gj_import("opcode", "opmap");
	if (!opmap)
		return -1;
	while (PyDict_Next(opmap, &at, &name, &number)) {
		long n = PyLong_AsLong(number);
		if (n < 0 || n > 255)
			continue;                                      /* pseudo instructions of the compiler */
		gj_python.name[n] = PyUnicode_AsUTF8(name);
	}
	gj_python.version = PY_MAJOR_VERSION * 100 + PY_MINOR_VERSION;
	gj_opmap_init();
	return PyErr_Occurred() ? -1 : 0;
}

int gj_freeze_init(PyObject *module)
{
	if (gj_extern_init(module) < 0 || gj_intrinsic_init(module) < 0)
		return -1;
	return read_opcodes();
}
