/* The table of names that kernels know, look-up by dotted name, and the binding of a call's operands to a row's
 * parameters. */
#include "infer/infer.h"
#include "lower/lower.h"
#include "image/cpu_abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prototypes of every rule and lowering that the table names. */
#define INTR(name, params, rule, low, arg) gj_known gj_infer_##rule(gj_icall *); gj_lv gj_lower_##low(gj_lcall *);
#define INTR_MATH(id, py, n) gj_known gj_infer_math##n(gj_icall *); gj_lv gj_lower_math(gj_lcall *);
#define INTR_NUMPY(id, np, n) gj_known gj_infer_numpy(gj_icall *); gj_lv gj_lower_math(gj_lcall *);
#include "names/names.def"

#define PARAMS_1 "x"
#define PARAMS_2 "x y"
#define UFUNC_1 "x out?"
#define UFUNC_2 "x y out?"
/* Rows of math.def without a name in a module get the name 0 and are never found. */
#define DOT_0(prefix) NULL

static const gj_intrin table[] = {
#define INTR(name, params, rule, low, arg) { name, params, gj_infer_##rule, gj_lower_##low, arg },
#define INTR_MATH(id, py, n) { py, PARAMS_##n, gj_infer_math##n, gj_lower_math, GJ_MATH_##id },
#define INTR_NUMPY(id, np, n) { np, UFUNC_##n, gj_infer_numpy, gj_lower_math, GJ_MATH_##id },
#include "names/names.def"
};

enum { NAME_MAX_ = 64 };

/* math.def holds bare names: a row's full name depends on which half of the table it stands in. */
static bool full_name(const gj_intrin *row, char out[NAME_MAX_])
{
	if (!row->name)
		return false;
	const char *prefix = strchr(row->name, '.') ? "" : row->infer == gj_infer_numpy ? "np." : "math.";
	snprintf(out, NAME_MAX_, "%s%s", prefix, row->name);
	return true;
}

const gj_intrin *gj_intrinsic(const char *dotted)
{
	const char *dot = strchr(dotted, '.');
	if (!dot)
		return NULL;
	for (size_t i = 0; i < GJ_LEN(table); i++) {
		const gj_intrin *row = &table[i];
		if (!row->name)
			continue;
		if (strchr(row->name, '.') ? !strcmp(row->name, dotted) : !strcmp(row->name, dot + 1)) {
			char name[NAME_MAX_];
			if (full_name(row, name) && !strcmp(name, dotted))
				return row;
		}
	}
	return NULL;
}

bool gj_intrinsic_exists(const char *dotted, bool *is_namespace)
{
	*is_namespace = false;
	if (gj_intrinsic(dotted))
		return true;
	size_t n = strlen(dotted);
	for (size_t i = 0; i < GJ_LEN(table); i++) {
		char name[NAME_MAX_];
		if (full_name(&table[i], name) && !strncmp(name, dotted, n) && name[n] == '.')
			return *is_namespace = true;
	}
	return false;
}

const char *gj_shown(const char *dotted) { return strncmp(dotted, "builtins.", 9) ? dotted : dotted + 9; }

/* The next parameter of a row's list; false at the end. */
static bool next_param(const char **at, const char **word, size_t *n, char *mark)
{
	while (**at == ' ')
		++*at;
	if (!**at)
		return false;
	*word = *at;
	*n = strcspn(*at, " ?*");
	*at += *n;
	*mark = **at == '?' || **at == '*' ? *(*at)++ : 0;
	return true;
}

/* A row's parameters as users read them, without what a method is called on: "shape, dtype[, alignment]". */
static const char *parameters(gj_arena *a, const gj_intrin *row)
{
	const char *at = row->params + (gj_is_method(row) ? strcspn(row->params, " ") : 0), *word, *text = "";
	size_t n;
	char mark;
	while (next_param(&at, &word, &n, &mark)) {
		const char *comma = *text ? ", " : "";
		text = mark == '?' ? gj_printf(a, "%s[%s%.*s]", text, comma, (int)n, word)
		                   : gj_printf(a, "%s%s%s%.*s", text, comma, mark ? "*" : "", (int)n, word);
	}
	return text;
}

/* Positional operands from the first-th on; n counts what a method is called on. */
static uint32_t bind_any(const gj_fn *f, const gj_op *call, const char *name, uint32_t first, uint32_t n, int *slot)
{
	if (call->imm.kw && call->imm.kw->n)
		gj_fail(f, call->loc, GJ_ERR_NO_KEYWORD, gj_shown(name), call->imm.kw->name[0]);
	if (n > GJ_MAX_CALL || n == 0)
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name), n ? "at most 32 arguments" : "at least one argument", n);
	for (uint32_t i = first; i < n; i++)
		slot[i] = (int)(i + call->nargs - n);
	return n;
}

static int keyword(const gj_op *call, const char *word, size_t n, uint32_t nkw, bool used[GJ_MAX_CALL])
{
	for (uint32_t k = 0; k < nkw; k++)
		if (strlen(call->imm.kw->name[k]) == n && !memcmp(call->imm.kw->name[k], word, n)) {
			used[k] = true;
			return (int)(call->nargs - nkw + k);
		}
	return -1;
}

bool gj_is_ufunc(const gj_intrin *row) { return row->infer == gj_infer_numpy; }

bool gj_is_method(const gj_intrin *row)
{
	static const char *const of[] = { "int.", "number.", "array.", "tuple." };
	for (size_t i = 0; i < GJ_LEN(of); i++)
		if (row->name && !strncmp(row->name, of[i], strlen(of[i])))
			return true;
	return false;
}

gj_ref gj_slot_ref(const gj_fn *f, const gj_op *call, int slot) { return slot ? call->arg[slot] : gj_o(f, call->arg[0])->arg[0]; }

uint32_t gj_bind_row(const gj_fn *f, const gj_op *call, const gj_intrin *row, const char *name, int slot[GJ_MAX_CALL])
{
	const char *at = row->params, *word;
	size_t n;
	char mark;
	uint32_t nkw = call->imm.kw ? call->imm.kw->n : 0, self = gj_is_method(row), npos = call->nargs - 1 - nkw + self, i = 0;
	bool used[GJ_MAX_CALL] = { false };
	if (nkw > GJ_MAX_CALL)
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name), "fewer keywords", nkw);
	while (next_param(&at, &word, &n, &mark)) {
		if (mark == '*')
			return bind_any(f, call, name, i, npos, slot);
		slot[i] = i < npos ? (int)(i + 1 - self) : keyword(call, word, n, nkw, used);
		if (slot[i] < 0 && mark != '?')
			gj_fail(f, call->loc, GJ_ERR_ARG_MISSING, gj_shown(name), (int)n, word, parameters(f->arena, row));
		i++;
	}
	for (uint32_t k = 0; k < nkw; k++)
		if (!used[k])
			gj_fail(f, call->loc, GJ_ERR_NO_KEYWORD, gj_shown(name), call->imm.kw->name[k]);
	const char *wanted = npos > i ? parameters(f->arena, row) : "";
	if (npos > i)
		gj_fail(f, call->loc, GJ_ERR_ARG_COUNT, gj_shown(name),
		        *wanted ? gj_printf(f->arena, "the arguments (%s)", wanted) : "no arguments", npos - self);
	return i;
}
