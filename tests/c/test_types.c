/* Types: every cell of numba's typing tables that the rules answer, and construction, printing and parsing of types.
 * argv[1] is the directory of the tables. Where gridjit means to differ, the cell stands in `deviations`. */
#include "types/type.h"

#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* -- Tables -------------------------------------------------------------------------------------------------------- */

enum { MAX_CELLS = 20, MAX_LINE = 2048 };

typedef struct line {
	char text[MAX_LINE];
	char *cell[MAX_CELLS];
	int n, number;
} line;

static const gj_type *parse_code(const char *s);

/* "(i4 f4)" */
static const gj_type *parse_tuple_code(const char *s)
{
	const gj_type *item[16];
	char word[32];
	uint32_t n = 0;
	for (s++; *s && *s != ')';) {
		size_t len = strcspn(s, " )");
		snprintf(word, sizeof word, "%.*s", (int)len, s);
		if (!(item[n++] = parse_code(word)))
			return NULL;
		s += len + (s[len] == ' ');
	}
	return gj_tuple_type(item, n);
}

/* The types that the tables have a column for: numba's, without bfloat16. */
enum { NCOLUMNS = GJ_NSCALARS - 1 };
static const gj_type *column(int k) { return gj_scalar[k + (k >= GJ_BF16)]; }

/* A type from its short form; NULL for "!", "!!" and what we have no type for. */
static const gj_type *parse_code(const char *s)
{
	if (*s == '(')
		return parse_tuple_code(s);
	const char *bracket = strchr(s, '[');
	size_t n = bracket ? (size_t)(bracket - s) : strlen(s);
	for (int k = 0; k < GJ_NSCALARS; k++)
		if (strlen(gj_scalar[k]->code) == n && memcmp(gj_scalar[k]->code, s, n) == 0)
			return bracket ? gj_array_type(gj_scalar[k], bracket[1] - '0', bracket[2], strcmp(bracket + 3, "]ro") == 0,
			                               GJ_GLOBAL) : gj_scalar[k];
	return NULL;
}

static const char *code(const gj_type *t)
{
	return t ? t->code : "!";
}

static bool is(const char *cell, const char *text)
{
	return strcmp(cell, text) == 0;
}

/* Next line of cells; remarks and the header (which starts with `header`) are skipped. */
static bool next_line(FILE *f, line *l, const char *header)
{
	while (fgets(l->text, sizeof l->text, f)) {
		l->number++;
		l->text[strcspn(l->text, "\r\n")] = 0;
		if (l->text[0] == '#' || !l->text[0] || strncmp(l->text, header, strlen(header)) == 0)
			continue;
		l->n = 0;
		for (char *p = l->text; l->n < MAX_CELLS; p++) {
			l->cell[l->n++] = p;
			p += strcspn(p, ",");
			if (!*p)
				break;
			*p = 0;
		}
		return true;
	}
	return false;
}

static const char *directory;

static FILE *open_table(const char *name)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *f = fopen(path, "r");
	CHECK(f, "%s: no such table", path);
	if (!f)
		exit(done());
	return f;
}

/* -- Where we mean to differ --------------------------------------------------------------------------------------- */

typedef struct deviation { const char *expr, *a, *b, *ours, *why; int seen; } deviation;

static deviation deviations[] = {
	{ "**", "b1", "i4", "i8/i8/i8", "int ** int stays an integer", 0 },
	{ "pow", "b1", "i4", "i8", "int ** int stays an integer", 0 },
	{ "bool", "f2", "", "b1", "numba-cuda crashes", 0 },
	{ "i of range(a; a; -1)", "u8", "", "i8", "with unsigned items a step of -1 would count up", 0 },
	{ "a[...]", "f4[1C]", "", "f4[1C]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[1A]", "", "f4[1A]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[2C]", "", "f4[2C]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[2F]", "", "f4[2F]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[2A]", "", "f4[2A]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[3C]", "", "f4[3C]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[3F]", "", "f4[3F]", "numba-cuda crashes", 0 },
	{ "a[...]", "f4[3A]", "", "f4[3A]", "numba-cuda crashes", 0 },
	{ "a[None]", "f4[1*]", "", "f4[2A]", "numba-cuda crashes", 0 },
	{ "a[None]", "f4[2*]", "", "f4[3A]", "numba-cuda crashes", 0 },
	{ "a[None]", "f4[3*]", "", "f4[4A]", "numba-cuda crashes", 0 },
	{ "a[np.newaxis]", "f4[1*]", "", "f4[2A]", "numba-cuda crashes", 0 },
	{ "a[np.newaxis]", "f4[2*]", "", "f4[3A]", "numba-cuda crashes", 0 },
	{ "a[np.newaxis]", "f4[3*]", "", "f4[4A]", "numba-cuda crashes", 0 },
};

/* `*` stands for any one character. */
static bool like(const char *pattern, const char *s)
{
	while (*pattern && *s && (*pattern == '*' || *pattern == *s))
		pattern++, s++;
	return !*pattern && !*s;
}

/* What a cell must say: the table's word, or ours where we differ. */
static const char *wanted(const char *expr, const char *a, const char *b, const char *table)
{
	for (size_t i = 0; i < GJ_LEN(deviations); i++) {
		deviation *d = &deviations[i];
		if (is(d->expr, expr) && like(d->a, a) && is(d->b, b)) {
			d->seen++;
			return d->ours;
		}
	}
	return is(table, "!!") ? "!" : table;
}

static void expect(const line *l, const char *expr, const char *a, const char *b, const char *table, const char *got)
{
	const char *want = wanted(expr, a, b, table);
	CHECK(is(got, want), "line %d: %s of %s, %s: want %s, got %s", l->number, expr, a, b, want, got);
}

/* Calls `cell` for each word of `names` and each scalar column from the third cell on. */
typedef void cell_check(const line *, const char *name, const gj_type *a, const gj_type *b, const char *table);

static void each_cell(line *l, cell_check *check)
{
	char names[MAX_LINE];
	snprintf(names, sizeof names, "%s", l->cell[0]);
	const gj_type *a = parse_code(l->cell[1]);
	CHECK(l->n == 2 + NCOLUMNS, "line %d has %d cells", l->number, l->n);
	for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
		for (int k = 0; k < NCOLUMNS && k + 2 < l->n; k++)
			check(l, name, a ? a : column(k), a ? column(k) : NULL, l->cell[k + 2]);
}

/* -- binop.csv, unary.csv ------------------------------------------------------------------------------------------ */

static int find(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (is(names[i], name))
			return i;
	return -1;
}

/* uint64 against a signed type is compared exactly: no common type. */
static bool exact_compare(const gj_type *a, const gj_type *b)
{
	return (a->kind == GJ_U64 && gj_is_signed(b)) || (b->kind == GJ_U64 && gj_is_signed(a));
}

static void binop_cell(const line *l, const char *name, const gj_type *a, const gj_type *b, const char *table)
{
	const gj_type *as_a = gj_t_none, *as_b = gj_t_none, *r;
	char got[64];
	int op = find(gj_binop_name, GJ_NBINOPS, name), cmp = find(gj_cmpop_name, GJ_NCMPOPS, name);
	CHECK(op >= 0 || cmp >= 0, "line %d: operator %s", l->number, name);
	r = op >= 0 ? gj_rule_binop((gj_binop)op, a, b, &as_a, &as_b) : gj_rule_compare((gj_cmpop)cmp, a, b, &as_a, &as_b);
	if (cmp >= 0 && exact_compare(a, b)) {
		CHECK(is(table, "b1/f8/f8") && r == gj_scalar[GJ_BOOL] && !as_a && !as_b, "line %d: exact compare", l->number);
		return;
	}
	if (r)
		snprintf(got, sizeof got, "%s/%s/%s", code(r), code(as_a), code(as_b));
	expect(l, name, a->code, b->code, table, r ? got : "!");
}

static void test_binop(void)
{
	FILE *f = open_table("binop.csv");
	line l = { .number = 0 };
	while (next_line(f, &l, "ops,"))
		each_cell(&l, binop_cell);
	fclose(f);
}

/* Result of the expression for operand a; *known false: no rule of ours. */
static const gj_type *unary_expr(const char *expr, const gj_type *a, const gj_type **as, bool *known)
{
	static const char *const ops[] = { "-a", "+a", "~a", "not a" };
	const gj_type *t;
	int op = find(ops, 4, expr);
	size_t paren = strcspn(expr, "(");
	char head[16];
	snprintf(head, sizeof head, "%.*s", (int)paren, expr);
	*known = true;
	if (op >= 0)
		return gj_rule_unary((gj_unop)op, a, op == GJ_UN_NOT ? as : NULL);
	if (is(expr, "abs(a)"))
		return gj_rule_abs(a);
	if (is(expr, "round(a)"))
		return gj_rule_round(a, false, as);
	if (is(expr, "round(a; 2)") || is(expr, "round(a; i4)"))
		return gj_rule_round(a, true, NULL);
	if (is(expr, "int(a)"))
		return gj_rule_int(a);
	if (is(expr, "float(a)"))
		return gj_rule_float(a);
	if (is(expr, "math.trunc(a)"))
		return gj_rule_math("trunc", a, NULL, NULL);
	if (is(expr, "int(math.floor(a))"))
		return (t = gj_rule_math("floor", a, NULL, NULL)) ? gj_rule_int(t) : NULL;
	if (is(expr, "float(a)**0.5"))
		return (t = gj_rule_float(a)) ? gj_rule_binop(GJ_OP_POW_, t, gj_scalar[GJ_F64], NULL, NULL) : NULL;
	if (is(expr, "pow(a; 2)"))
		return gj_rule_binop(GJ_OP_POW_, a, gj_scalar[GJ_I64], NULL, NULL);
	if (is(expr, "min((a; a))") || is(expr, "max((a; a))"))
		return gj_rule_minmax(a, a);
	if (is(expr + paren, "(a)") && (t = gj_parse_type(head, NULL)) && !is(head, "complex"))
		return gj_can_convert(a, t) || gj_is_bool(t) ? t : NULL;
	*known = false;
	return NULL;
}

static int covered, uncovered;

static void test_unary(void)
{
	FILE *f = open_table("unary.csv");
	line l = { .number = 0 };
	while (next_line(f, &l, "expr,")) {
		for (int k = 0; k < NCOLUMNS; k++) {
			bool known;
			const gj_type *a = column(k), *as = NULL, *r = unary_expr(l.cell[0], a, &as, &known);
			if (!known) {
				uncovered++;
				continue;
			}
			covered++;
			char got[64], *slash = strchr(l.cell[k + 2], '/');
			const char *expr = is(l.cell[0], "bool(a)") || is(l.cell[0], "boolean(a)") ? "bool" : l.cell[0];
			if (slash && r && as)
				snprintf(got, sizeof got, "%s/%s", code(r), code(as));
			else if (slash && r)               /* abs(bool): the operand becomes the result's type */
				snprintf(got, sizeof got, "%s/%s", code(r), code(r));
			else
				snprintf(got, sizeof got, "%s", code(r));
			CHECK(slash || !as || !r || as == a || is(l.cell[0], "round(a)"), "line %d: operand becomes %s", l.number,
			      code(as));
			expect(&l, expr, a->code, "", l.cell[k + 2], got);
		}
	}
	fclose(f);
	CHECK(covered >= 28 * NCOLUMNS, "only %d cells of unary.csv covered", covered);
}

/* -- call.csv, numpy.csv ------------------------------------------------------------------------------------------- */

static const gj_type *pair(const gj_type *t)
{
	return t ? gj_tuple_type((const gj_type *[]){ t, t }, 2) : NULL;
}

static void call_cell(const line *l, const char *name, const gj_type *a, const gj_type *b, const char *table)
{
	const gj_type *r, *as = NULL;
	if (strncmp(name, "math.", 5) == 0) {
		r = gj_rule_math(name + 5, a, b, &as);
		CHECK(!r == !as && (!as || gj_is_float(as)), "line %d: %s converts to %s", l->number, name, code(as));
	} else if (is(name, "min") || is(name, "max")) {
		r = gj_rule_minmax(a, b);
	} else if (is(name, "divmod")) {
		r = pair(gj_rule_divmod(a, b));
	} else if (is(name, "pow")) {
		r = gj_rule_binop(GJ_OP_POW_, a, b, NULL, NULL);
	} else if (is(name, "min3(a;b;1)")) {
		r = gj_rule_minmax(a, b);
		r = r ? gj_rule_minmax(r, gj_scalar[GJ_I64]) : NULL;
	} else {                                   /* cmath, complex(), selp: complex numbers come later,
		selp has no rule */
		uncovered++;
		return;
	}
	covered++;
	expect(l, name, a->code, b ? b->code : "", table, code(r));
}

static void numpy_cell(const line *l, const char *name, const gj_type *a, const gj_type *b, const char *table)
{
	char numba[64];
	const gj_type *as = NULL, *r = gj_rule_numpy(name, a, b, &as);
	snprintf(numba, sizeof numba, "%.*s", (int)strcspn(table, "|"), table);
	if (is(numba, "."))
		return;
	covered++;
	CHECK(!r == !as, "line %d: %s gives operands no type", l->number, name);
	expect(l, name, a->code, b ? b->code : "", numba, code(r));
}

static void test_table(const char *name, cell_check *check, int least)
{
	FILE *f = open_table(name);
	line l = { .number = 0 };
	covered = 0;
	while (next_line(f, &l, "names,"))
		each_cell(&l, check);
	fclose(f);
	CHECK(covered >= least, "only %d cells of %s covered", covered, name);
}

static void test_math_extra(void)
{
	static const char *const rejected[] = { "factorial", "fsum", "gcd", "isqrt", "prod", "ulp", "hypot", "sin cos", "",
		"si" };
	for (size_t i = 0; i < GJ_LEN(rejected); i++)
		CHECK(!gj_rule_math(rejected[i], gj_scalar[GJ_F64], NULL, NULL), "math.%s", rejected[i]);
	CHECK(!gj_rule_math("log", gj_scalar[GJ_F64], gj_scalar[GJ_F64], NULL), "math.log of two");
	/* numba rejects math.cbrt, which Python has since 3.11 */
	CHECK(gj_rule_math("cbrt", gj_scalar[GJ_I32], NULL, NULL) == gj_scalar[GJ_F64], "math.cbrt");
	/* every name of math.def has a rule */
#define MATH(id, math_name, np_name, nargs, stem, fast, intrinsic, vec) { math_name, np_name, nargs },
	static const struct { const char *math, *np; int nargs; } names[] = {
#include "ir/math.def"
	};
	for (size_t i = 0; i < GJ_LEN(names); i++) {
		const gj_type *f4 = gj_scalar[GJ_F32], *b = names[i].nargs == 2 ? f4 : NULL, *i4 = gj_scalar[GJ_I32];
		if (names[i].math)
			CHECK(gj_rule_math(names[i].math + strlen("math."), f4, b, NULL), "%s", names[i].math);
		if (names[i].np)
			CHECK(gj_rule_numpy(names[i].np + strlen("np."), f4, b && is(names[i].np, "np.ldexp") ? i4 : b, NULL), "%s", names[i].np);
	}
}

/* -- unify.csv ----------------------------------------------------------------------------------------------------- */

/* Type of x after `x = a; for …: x += b`. */
static const gj_type *accumulate(const gj_type *a, const gj_type *b)
{
	const gj_type *x = a, *last = NULL;
	while (x && x != last) {
		last = x;
		x = gj_unify(x, gj_rule_binop(GJ_OP_ADD_, x, b, NULL, NULL));
	}
	return x;
}

static void unify_scalars(const line *l, const gj_type *a, const gj_type *b, const char *table)
{
	static const struct { const char *text; gj_kind kind; } start[] = {
		{ "0", GJ_I64 }, { "1.0", GJ_F64 }, { "True", GJ_BOOL }, { "1j", GJ_C128 },
	};
	const char *kind = l->cell[0];
	const gj_type *r = NULL;
	bool known = true;
	if (is(kind, "phi"))
		r = gj_unify(a, b);
	else if (is(kind, "x=a; for: x+=b"))
		r = accumulate(a, b);
	else if (is(kind, "maybe undefined"))
		r = gj_unify(b, b);
	else
		known = false;
	for (size_t i = 0; i < GJ_LEN(start); i++) {
		char phi[32], sum[32];
		snprintf(phi, sizeof phi, "phi %s", start[i].text);
		snprintf(sum, sizeof sum, "x=%s; x+=a", start[i].text);
		if (is(kind, phi))
			known = true, r = gj_unify(gj_scalar[start[i].kind], b);
		if (is(kind, sum))
			known = true, r = gj_rule_binop(GJ_OP_ADD_, gj_scalar[start[i].kind], b, NULL, NULL);
	}
	covered += known;
	uncovered += !known;
	if (known)
		expect(l, kind, a ? a->code : "", b->code, table, code(r));
}

static void test_unify(void)
{
	FILE *f = open_table("unify.csv");
	line l = { .number = 0 };
	covered = 0;
	while (next_line(f, &l, "kind,")) {
		const gj_type *a = parse_code(l.cell[1]);
		if (l.n == 4) {
			const gj_type *b = parse_code(l.cell[2]), *r = gj_unify(a, b);
			char got[64];
			snprintf(got, sizeof got, "%s", code(r));
			CHECK(!r || r->kind != GJ_ARRAY || r->readonly == (a->readonly || b->readonly), "line %d: readonly",
			      l.number);
			got[strcspn(got, "r")] = 0;        /* the table does not say readonly */
			expect(&l, l.cell[0], l.cell[1], l.cell[2], l.cell[3], got);
			covered++;
			continue;
		}
		for (int k = 0; k < NCOLUMNS; k++)
			unify_scalars(&l, a, column(k), l.cell[k + 2]);
	}
	fclose(f);
	CHECK(covered >= 600, "only %d cells of unify.csv covered", covered);
}

static void test_unify_spaces(void)
{
	const gj_type *f4 = gj_scalar[GJ_F32];
	const gj_type *g = gj_array_type(f4, 1, 'C', false, GJ_GLOBAL), *s = gj_array_type(f4, 1, 'C', false, GJ_SHARED);
	const gj_type *l = gj_array_type(f4, 1, 'C', false, GJ_LOCAL), *any = gj_array_type(f4, 1, 'C', false, GJ_GENERIC);
	CHECK(gj_unify(g, s) == any && gj_unify(s, any) == any, "spaces");
	CHECK(gj_unify(l, l) == l && gj_unify(l, g) == any && gj_unify(any, l) == any, "local arrays meet others");
	CHECK(gj_unify(gj_t_none, f4) == gj_optional_type(f4) && gj_unify(gj_t_none, gj_t_none) == gj_t_none, "None");
	CHECK(!gj_unify(gj_slice_type(2), gj_slice_type(3)) && !gj_unify(g, f4), "kinds");
	const gj_type *ro = gj_array_type(f4, 1, 'C', true, GJ_GLOBAL), *a = gj_array_type(f4, 1, 'A', false, GJ_GLOBAL);
	CHECK(gj_can_convert(g, ro) && !gj_can_convert(ro, g), "readonly");
	CHECK(gj_can_convert(g, a) && !gj_can_convert(a, g) && gj_can_convert(g, s) && gj_can_convert(l, g), "layouts and spaces");
	CHECK(gj_can_convert(gj_scalar[GJ_F64], gj_scalar[GJ_I8]) && !gj_can_convert(gj_scalar[GJ_C64], f4), "scalars");
	const gj_type *t = pair(f4), *u = pair(gj_scalar[GJ_I64]);
	CHECK(gj_can_convert(t, u) && !gj_can_convert(t, f4) && !gj_can_convert(t, pair(g)), "tuples");
}

/* -- array.csv, tuple_range.csv ------------------------------------------------------------------------------------ */

/* "[1:; 0]" to "si"; false: not an index of integers, slices, ellipsis and newaxis. *rest: after the bracket. */
static bool index_items(const char *p, char *items, const char **rest)
{
	for (p++; *p && *p != ']';) {
		char word[16];
		size_t n = strcspn(p, ";]");
		snprintf(word, sizeof word, "%.*s", (int)n, p);
		int colons = 0;
		for (const char *c = word; *c; c++)
			colons += *c == ':';
		bool number = word[0] && strspn(word, "-0123456789") == strlen(word);
		if (is(word, "...") || is(word, "None") || is(word, "np.newaxis"))
			*items++ = word[0] == '.' ? '.' : 'n';
		else if (colons)
			*items++ = is(word, ":") ? ':' : colons == 1 ? 's' : 'S';
		else if (number || is(word, "(0"))     /* "(0;)": a tuple of one */
			*items++ = 'i';
		else if (!is(word, ")"))
			return false;
		p += n + (p[n] == ';');
		p += strspn(p, " ");
	}
	*items = 0;
	*rest = p + (*p == ']');
	return true;
}

static void test_array(void)
{
	FILE *f = open_table("array.csv");
	line l = { .number = 0 };
	covered = 0;
	while (next_line(f, &l, "expr,")) {
		const gj_type *t = parse_code(l.cell[1]);
		const char *p = l.cell[0] + 1;
		char items[32];
		if (is(l.cell[0], "a.T") || is(l.cell[0], "a.transpose()")) {
			t = gj_rule_transpose(t);
		} else if (l.cell[0][0] == 'a' && *p == '[' && index_items(p, items, &p)) {
			t = gj_rule_index(t, items);
			if (*p == '[' && t && index_items(p, items, &p))
				t = gj_rule_index(t, items);
		} else {
			uncovered++;
			continue;
		}
		covered++;
		expect(&l, l.cell[0], l.cell[1], "", l.cell[2], code(t));
	}
	fclose(f);
	CHECK(covered >= 8 * 35, "only %d lines of array.csv covered", covered);
	CHECK(!gj_rule_index(gj_array_type(gj_scalar[GJ_F32], 3, 'C', false, GJ_GLOBAL), ".i."), "two ellipses");
	CHECK(!gj_rule_index(gj_array_type(gj_scalar[GJ_F32], 6, 'C', false, GJ_GLOBAL), "n"), "seven dimensions");
	CHECK(gj_rule_index(gj_array_type(gj_scalar[GJ_F32], 2, 'C', true, GJ_SHARED), "i")
	      == gj_array_type(gj_scalar[GJ_F32], 1, 'C', true, GJ_SHARED), "readonly and space stay");
}

static void test_range(void)
{
	FILE *f = open_table("tuple_range.csv");
	line l = { .number = 0 };
	covered = 0;
	while (next_line(f, &l, "expr,")) {
		const char *expr = l.cell[0];
		const gj_type *a = parse_code(l.cell[1]), *b = parse_code(l.cell[2]), *r;
		if (is(expr, "i of range(a)"))
			r = gj_rule_range(a, NULL, NULL);
		else if (is(expr, "i of range(a; b)"))
			r = gj_rule_range(a, b, NULL);
		else if (is(expr, "i of range(a; a; -1)"))
			r = gj_rule_range(a, a, gj_scalar[GJ_I64]);
		else if (is(expr, "i of range(a; a; a)"))
			r = gj_rule_range(a, a, a);
		else {
			uncovered++;
			continue;
		}
		covered++;
		expect(&l, expr, l.cell[1], l.cell[2], l.cell[3], code(r));
	}
	fclose(f);
	CHECK(covered >= 126, "only %d lines of ranges covered", covered);
}

/* -- typeof.csv, printing, parsing --------------------------------------------------------------------------------- */

static void test_typeof(void)
{
	FILE *f = open_table("typeof.csv");
	line l = { .number = 0 };
	int read = 0;
	while (next_line(f, &l, "value,")) {
		char text[MAX_LINE];
		snprintf(text, sizeof text, "%s", l.cell[l.n - 1]);
		char *flags = strstr(text, " aligned=");
		if (flags)
			*flags = 0;
		for (char *p = text; *p; p++)
			if (*p == ';')
				*p = ',';
		const gj_type *t = gj_parse_type(text, NULL);
		if (t) {
			read++;
			CHECK(is(t->name, text), "line %d: %s prints as %s", l.number, text, t->name);
		}
	}
	fclose(f);
	CHECK(read >= 40, "only %d types of typeof.csv read", read);
}

static void test_names(void)
{
	const gj_type *i4 = gj_scalar[GJ_I32], *a = gj_array_type(gj_scalar[GJ_F32], 2, 'F', true, GJ_SHARED);
	CHECK(is(a->name, "readonly array(float32, 2d, F)") && is(a->code, "f4[2F]ro"), "%s %s", a->name, a->code);
	const gj_type *mixed = gj_tuple_type((const gj_type *[]){ i4, a }, 2), *one = gj_tuple_type(&i4, 1);
	CHECK(is(mixed->name, "Tuple(int32, readonly array(float32, 2d, F))"), "%s", mixed->name);
	CHECK(is(mixed->code, "(i4 f4[2F]ro)"), "%s", mixed->code);
	CHECK(is(one->name, "UniTuple(int32 x 1)") && is(one->code, "(i4)"), "%s", one->name);
	CHECK(is(gj_tuple_type(NULL, 0)->name, "Tuple()") && is(gj_tuple_type(NULL, 0)->code, "()"), "empty tuple");
	CHECK(is(gj_slice_type(3)->name, "slice<a:b:c>") && !gj_slice_type(4), "slices");
	CHECK(is(gj_range_type(i4)->name, "range_state_int32"), "range");
	CHECK(is(gj_iter_type(gj_range_type(i4))->name, "range_iter_int32"), "range iterator");
	CHECK(is(gj_iter_type(one)->name, "iter(UniTuple(int32 x 1))"), "tuple iterator");
	CHECK(is(gj_ptr_type(i4, GJ_SHARED)->name, "int32* shared"), "pointer");
	CHECK(is(gj_t_none->name, "none") && is(gj_t_ellipsis->name, "...") && is(gj_t_str->name, "unicode_type"), "fixed");
	for (int k = 0; k < GJ_NSCALARS; k++)
		CHECK(gj_scalar[k]->kind == k && gj_parse_type(gj_scalar[k]->name, NULL) == gj_scalar[k], "%s",
		      gj_scalar[k]->name);
}

static void test_interning(void)
{
	const gj_type *f4 = gj_scalar[GJ_F32], *a = gj_array_type(f4, 1, 'C', false, GJ_GLOBAL);
	static int x, y;
	CHECK(a == gj_array_type(f4, 1, 'C', false, GJ_GLOBAL), "arrays are interned");
	CHECK(a != gj_array_type(f4, 1, 'C', false, GJ_SHARED) && a != gj_array_type(f4, 1, 'F', false, GJ_GLOBAL)
	      && a != gj_array_type(f4, 1, 'C', true, GJ_GLOBAL) && a != gj_array_type(f4, 2, 'C', false, GJ_GLOBAL),
	      "told apart");
	CHECK(gj_static_type(&x, "x") == gj_static_type(&x, "x") && gj_static_type(&x, "x") != gj_static_type(&y, "x"),
	      "statics");
	CHECK(gj_tuple_type(NULL, 0) == gj_tuple_type(&f4, 0), "empty tuple");
	CHECK(!gj_array_type(a, 1, 'C', false, GJ_GLOBAL) && !gj_array_type(f4, 7, 'C', false, GJ_GLOBAL)
	      && !gj_array_type(f4, 1, 'X', false, GJ_GLOBAL) && !gj_array_type(f4, -1, 'C', false, GJ_GLOBAL), "refused");
	CHECK(!gj_range_type(f4) && !gj_iter_type(f4) && !gj_ptr_type(a, GJ_GLOBAL), "refused");
	const gj_type *deep = f4;
	for (int i = 0; i < 700; i++) {
		const gj_type *t = gj_tuple_type((const gj_type *[]){ gj_scalar[i % GJ_NSCALARS], i % 9 ? f4 : deep }, 2);
		deep = i % 50 ? t : f4;
	}
	CHECK(a == gj_array_type(f4, 1, 'C', false, GJ_GLOBAL), "after the table has grown");
}

enum { NTHREADS = 4, NTYPES = 600 };

static void *make_types(void *out)
{
	const gj_type **made = out;
	for (int i = 0; i < NTYPES; i++) {
		const gj_type *item[3] = { gj_scalar[i % 14], gj_scalar[i / 14 % 14], gj_scalar[i / 196 % 14] };
		made[i] = gj_tuple_type(item, 3);
	}
	return NULL;
}

static void test_threads(void)
{
	static const gj_type *made[NTHREADS][NTYPES];
	pthread_t thread[NTHREADS];
	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&thread[i], NULL, make_types, made[i]);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(thread[i], NULL);
	for (int i = 1; i < NTHREADS; i++)
		CHECK(memcmp(made[i], made[0], sizeof made[0]) == 0, "thread %d made other types", i);
}

static void test_parse(void)
{
	static const struct { const char *text, *code; } good[] = {
		{ "float32", "f4" }, { " f4 ", "f4" }, { "double", "f8" }, { "intp", "i8" }, { "boolean", "b1" }, { "void",
		"none" },
		{ "float32[:]", "f4[1A]" }, { "float32[::1]", "f4[1C]" }, { "int8[:, ::1]", "i1[2C]" }, { "f8[::1,:]",
		"f8[2F]" },
		{ "f8[:,:,:]", "f8[3A]" }, { "f8[::1,:,:]", "f8[3F]" }, { "array(float32, 2d, C)", "f4[2C]" },
		{ "Array(float32, 2, 'F')", "f4[2F]" }, { "Array(float32, 0, \"C\")", "f4[0C]" },
		{ "readonly array(int8, 1d, A)", "i1[1A]ro" },
		{ "Tuple((int64, float32))", "(i8 f4)" }, { "Tuple(int64, float32)", "(i8 f4)" }, { "Tuple([i4, i4])",
		"(i4 i4)" },
		{ "UniTuple(int64, 3)", "(i8 i8 i8)" }, { "UniTuple(int64 x 2)", "(i8 i8)" }, { "Tuple()", "()" },
		{ "Tuple(())", "()" },
		{ "UniTuple(f4[::1], 2)", "(f4[1C] f4[1C])" }, { "types.float32[:]", "f4[1A]" }, { "np.uint8", "u1" },
		{ "Tuple((UniTuple(i4, 2), b1))", "((i4 i4) b1)" }, { "none", "none" },
	};
	for (size_t i = 0; i < GJ_LEN(good); i++) {
		gj_unread error = { 0 };
		const gj_type *t = gj_parse_type(good[i].text, &error);
		CHECK(is(code(t), good[i].code) && !*error.why, "%s gives %s (%s)", good[i].text, code(t), error.why);
	}
	static const char *const bad[] = {
		"", "float33", "float32[", "float32[:", "float32[1]", "float32[:,::1,:]", "float32[::1,::1]",
		"float32[:,:,:,:,:,:,:]",
		"float32 x", "Tuple((int64)", "Tuple(int64", "UniTuple(int64)", "UniTuple(int64, -1)", "UniTuple(int64, 100000)",
		"UniTuple(int64, 99999999999999999999)", "array(float32, 2d)", "array(float32, 9d, C)", "array(float32, 2d, X)",
		"array(Tuple(()), 1d, C)", "float32[::2]", "float32[:][:]", "(", ")", ",", "float32,", "void[:]", "void[", "[",
		"f4(",
		"Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(Tuple(i4",
	};
	for (size_t i = 0; i < GJ_LEN(bad); i++) {
		gj_unread error = { 0 };
		CHECK(!gj_parse_type(bad[i], &error) && *error.why, "%s is read", bad[i]);
	}
}

static void test_signature(void)
{
	const gj_type *ret, *arg[4];
	gj_unread error;
	int n = gj_parse_signature("void(float32[:], int64)", &ret, arg, 4, &error);
	CHECK(n == 2 && ret == gj_t_none && is(arg[0]->code, "f4[1A]") && is(arg[1]->code, "i8"), "kernel");
	n = gj_parse_signature("float32(float32)", &ret, arg, 4, &error);
	CHECK(n == 1 && ret == gj_scalar[GJ_F32] && arg[0] == ret, "function");
	n = gj_parse_signature(" ( float32 , int64 , ) ", &ret, arg, 4, &error);
	CHECK(n == 2 && !ret && arg[1] == gj_scalar[GJ_I64], "without a result");
	CHECK(gj_parse_signature("void()", &ret, arg, 4, &error) == 0 && ret == gj_t_none, "no arguments");
	n = gj_parse_signature("UniTuple(f4, 2)(Tuple((i4, f8)), f4[:,::1])", &ret, arg, 4, &error);
	CHECK(n == 2 && is(ret->code, "(f4 f4)") && is(arg[0]->code, "(i4 f8)"), "tuples");
	static const char *const bad[] = { "", "void", "void(", "void(f4", "void(f4))", "void(f4,,f4)", "(f4, x)", "x(f4)",
	                                   "void(f4 f4)", "(f4,f4,f4,f4,f4)", "void(,)" };
	for (size_t i = 0; i < GJ_LEN(bad); i++) {
		error = (gj_unread){ 0 };
		CHECK(gj_parse_signature(bad[i], &ret, arg, 4, &error) == -1 && *error.why, "%s is read", bad[i]);
	}
}

int main(int argc, char **argv)
{
	directory = argc > 1 ? argv[1] : "tests/data/typing-rules";
	test_binop();
	test_unary();
	test_table("call.csv", call_cell, 14 * 110);
	test_table("numpy.csv", numpy_cell, 13 * 500);
	test_math_extra();
	test_unify();
	test_unify_spaces();
	test_array();
	test_range();
	test_typeof();
	test_names();
	test_interning();
	test_threads();
	test_parse();
	test_signature();
	for (size_t i = 0; i < GJ_LEN(deviations); i++)
		CHECK(deviations[i].seen, "no cell is %s of %s: %s", deviations[i].expr, deviations[i].a, deviations[i].why);
	printf("%d cells have no rule here (complex, tuples, arrays, None: typed elsewhere)\n", uncovered);
	return done();
}
