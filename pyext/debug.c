/* Functions of _core for tests only: the table of bytecodes, and stages of the compiler as text. */
#include "debug.h"

#include "run/cpu/owned.h"
#include "freeze/freeze.h"

#include "bytecode/decode.h"
#include "emit/emit.h"

#include <string.h>

/* Stack effects of a row for operands 0 to 8: falling through, or taken. */
static PyObject *effects(int row, bool taken)
{
	PyObject *list = PyList_New(0);
	for (uint32_t n = 0; list && n <= 8; n++) {
		gj_effect e = gj_pyop_effect(row, n);
		PyObject *v = PyLong_FromLongLong(taken ? e.taken : e.push - e.pop);
		if (!v || PyList_Append(list, v) < 0)
			Py_CLEAR(list);
		Py_XDECREF(v);
	}
	return list;
}

static PyObject *pyops(PyObject *m, PyObject *none)
{
	(void)m;
	(void)none;
	PyObject *list = PyList_New(0);
	for (int op = 0; list && op < 256; op++) {
		int row = gj_python.row[op];
		if (row == UINT16_MAX)
			continue;
		bool jumps = gj_pyops[row].flow > GJ_FLOW_END;
		PyObject *taken = jumps ? effects(row, true) : Py_NewRef(Py_None);
		PyObject *v = Py_BuildValue("(siiNN)", gj_pyops[row].name, op, (int)gj_python.caches[op], effects(row, false), taken);
		if (!v || PyList_Append(list, v) < 0)
			Py_CLEAR(list);
		Py_XDECREF(v);
	}
	return list;
}

/* Runs `stage` on the SSA of a frozen function; what it fails with becomes an exception. */
static PyObject *dump(PyObject *function, void (*stage)(const gj_fn *, gj_sb *))
{
	gj_arena *arena = gj_arena_new();
	if (!arena)
		return PyErr_NoMemory();
	gj_trap trap = { .arena = arena };
	gj_sb out = { 0 };
	const gj_code *code;
	PyObject *text = NULL;
	if (gj_freeze(function, arena, NULL, &code) == 0) {
		gj_arena_trap(arena, &trap);
		if (setjmp(trap.env) == 0) {
			gj_fn *f = gj_ssa(&trap, code);
			const char *wrong = gj_fn_verify(f);
			if (wrong)
				gj_fail(f, 0, GJ_ERR_INTERNAL, wrong);
			stage(f, &out);
			text = PyUnicode_FromString(gj_sb_str(&out));
		} else {
			gj_diag_error(&trap.diag);
		}
	}
	gj_sb_free(&out);
	gj_arena_free(arena);
	return text;
}

/* The function, and the functions that are nested in it (comprehensions are none in 3.12). */
static void dump_ssa_stage(const gj_fn *f, gj_sb *out)
{
	gj_fn_dump(f, out);
	for (int i = 0; i < f->code->nkonsts; i++) {
		const gj_obj *o = f->code->konst[i];
		if (o->kind == GJ_OBJ_CODE && (o->name[0] != '<' || !strcmp(o->name, "<lambda>") || !strcmp(o->name, "<listcomp>")))
			dump_ssa_stage(gj_ssa(f->trap, o->code), out);
	}
}

static PyObject *dump_ssa(PyObject *m, PyObject *function)
{
	(void)m;
	return dump(function, dump_ssa_stage);
}

static PyObject *dump_cfg(PyObject *m, PyObject *function)
{
	(void)m;
	return dump(function, gj_cfg_dump);
}

static PyObject *dump_code(PyObject *m, PyObject *function)
{
	(void)m;
	gj_arena *arena = gj_arena_new();
	if (!arena)
		return PyErr_NoMemory();
	gj_sb out = { 0 };
	const gj_code *code;
	PyObject *text = NULL;
	if (gj_freeze(function, arena, NULL, &code) == 0) {
		char hex[65];
		gj_code_dump(code, &out);
		gj_hash_hex(&code->digest, hex);
		text = PyUnicode_FromFormat("%sdigest %s\n", gj_sb_str(&out), hex);
	}
	gj_sb_free(&out);
	gj_arena_free(arena);
	return text;
}

static PyObject *live_arrays(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return PyLong_FromLongLong(gj_owned_live());
}

static PyObject *llvm_version(PyObject *m, PyObject *unused)
{
	(void)m, (void)unused;
	return PyUnicode_FromString(gj_llvm_version());
}

PyMethodDef gj_debug_methods[] = {
	{ "_pyops", pyops, METH_NOARGS, "Rows of the bytecode table: (name, number, caches, effects, effects when taken)." },
	{ "_dump_ssa", dump_ssa, METH_O, "SSA of a function as text." },
	{ "_dump_cfg", dump_cfg, METH_O, "Blocks and loops of a function as text." },
	{ "_llvm_version", llvm_version, METH_NOARGS, "LLVM's, with which this was built: 22.1.8." },
	{ "_live_arrays", live_arrays, METH_NOARGS, "How many arrays that functions for the host have made are alive." },
	{ "_dump_code", dump_code, METH_O, "A function as it is frozen, with its digest." },
	{ NULL, NULL, 0, NULL },
};
