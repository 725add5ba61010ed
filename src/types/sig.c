/* Reads types and signatures as users write them and as numba prints them. Recursive descent over the text; the
 * scalars' spellings are rows of types.def. */
#include "types/type.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
	const char *p;
	gj_unread error;                           /* first one wins */
	int depth;
} reader;

enum { MAX_ITEMS = 64, MAX_DEPTH = GJ_MAX_NESTED + 1, MAX_UNITUPLE = 1 << 16 };

static const char *const spellings[GJ_NSCALARS] = {
#define SCALAR(k, c, bytes, text, others) [GJ_##k] = text " " c " " others,
#include "types/types.def"
};

static const gj_type *parse_type(reader *r);

static const gj_type *fail(reader *r, const char *why)
{
	if (!*r->error.why)
		snprintf(r->error.why, sizeof r->error.why, "%s", why);
	return NULL;
}

static void skip(reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool eat(reader *r, char c)
{
	skip(r);
	if (*r->p != c)
		return false;
	r->p += c != 0;                            /* the end stays where it is */
	return true;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The next word, dots included so that `types.float32` and `np.float32` are read; only its last part counts. */
static size_t read_word(reader *r, const char **word)
{
	skip(r);
	*word = r->p;
	while (word_char(*r->p) || (*r->p == '.' && word_char(r->p[1]))) {
		if (*r->p == '.')
			*word = r->p + 1;
		r->p++;
	}
	return (size_t)(r->p - *word);
}

static bool is_word(const char *word, size_t n, const char *text)
{
	return strlen(text) == n && memcmp(word, text, n) == 0;
}

static bool in_list(const char *word, size_t n, const char *list)
{
	for (size_t m; *list; list += m + (list[m] == ' ')) {
		m = strcspn(list, " ");
		if (m == n && memcmp(word, list, n) == 0)
			return true;
	}
	return false;
}

static bool read_int(reader *r, long *value)
{
	skip(r);
	char *end;
	if (!isdigit((unsigned char)*r->p))
		return false;
	*value = strtol(r->p, &end, 10);
	r->p = end;
	return true;
}

/* Types up to the closing bracket, which is read too, or the end. Returns how many, −1 on an error. */
static int read_items(reader *r, char close, const gj_type **item, int max)
{
	int n = 0;
	while (!eat(r, close)) {
		if (n && !eat(r, ','))
			return fail(r, "expected ',' between types"), -1;
		if (n && eat(r, close))                /* a comma may stand last */
			break;
		if (n == max)
			return fail(r, "too many types: a tuple in text has at most 64, a signature 255"), -1;
		if (!(item[n++] = parse_type(r)))
			return -1;
	}
	return n;
}

/* "(int64, float32)" after Tuple's opening bracket: numba prints the bare list and reads it in brackets of its own. */
static const gj_type *read_tuple(reader *r)
{
	const gj_type *item[MAX_ITEMS];
	bool inner = eat(r, '(') || eat(r, '[');
	bool square = inner && r->p[-1] == '[';
	int n = read_items(r, square ? ']' : ')', item, MAX_ITEMS);
	if (n < 0)
		return NULL;
	if (inner) {
		eat(r, ',');
		if (!eat(r, ')'))
			return fail(r, "expected ')' after the items of a tuple");
	}
	return gj_tuple_type(item, (uint32_t)n);
}

/* "int64, 3)" and "int64 x 3)". */
static const gj_type *read_unituple(reader *r)
{
	const gj_type *elem = parse_type(r), **item, *t;
	long n;
	if (!elem)
		return NULL;
	if (!eat(r, ',') && !eat(r, 'x'))
		return fail(r, "expected ',' or 'x' before the length of a tuple");
	if (!read_int(r, &n) || n < 0 || n > MAX_UNITUPLE)
		return fail(r, "the length of a tuple is a number from 0 to 65536");
	if (!eat(r, ')'))
		return fail(r, "expected ')' after the length of a tuple");
	if (!(item = malloc((size_t)(n + 1) * sizeof *item)))
		return NULL;
	for (long i = 0; i < n; i++)
		item[i] = elem;
	t = gj_tuple_type(item, (uint32_t)n);
	free(item);
	return t;
}

/* "float32, 2d, C)": an array as numba prints it; Array(float32, 2, 'C') is read too. */
static const gj_type *read_array(reader *r, bool readonly)
{
	const gj_type *elem = parse_type(r);
	long ndim;
	if (!elem)
		return NULL;
	if (!gj_is_plain(elem))
		return fail(r, "the items of an array are scalars");
	if (!eat(r, ',') || !read_int(r, &ndim) || ndim > GJ_MAX_NDIM)
		return fail(r, "expected the number of dimensions of an array, 0 to 6");
	eat(r, 'd');
	if (!eat(r, ','))
		return fail(r, "expected ',' before the layout of an array");
	char quote = eat(r, '\'') ? '\'' : eat(r, '"') ? '"' : 0;
	char layout = eat(r, 'C') ? 'C' : eat(r, 'F') ? 'F' : eat(r, 'A') ? 'A' : 0;
	if (!layout || (quote && !eat(r, quote)))
		return fail(r, "the layout of an array is C, F or A");
	if (!eat(r, ')'))
		return fail(r, "expected ')' after the layout of an array");
	return gj_array_type(elem, (int)ndim, layout, readonly, GJ_GLOBAL);
}

/* "int64)", as numba prints OptionalType(int64). */
static const gj_type *read_optional(reader *r)
{
	const gj_type *t = parse_type(r), *o = gj_optional_type(t);
	if (t && !o)
		return fail(r, "values of this type cannot be None");
	return !t || eat(r, ')') ? o : fail(r, "expected ')' after an optional type");
}

/* What a pointer of C points to. */
static const gj_type *pointer_to(reader *r, const gj_type *elem)
{
	return gj_is_plain(elem) || elem == gj_t_none ? gj_ptr_type(elem, GJ_GENERIC) : fail(r, "a pointer points to a scalar, or void");
}

/* "float32)": numba prints it as float32*, which is read too. */
static const gj_type *read_pointer(reader *r)
{
	const gj_type *elem = parse_type(r);
	if (elem && !eat(r, ')'))
		return fail(r, "expected ')' after what a pointer points to");
	return elem ? pointer_to(r, elem) : NULL;
}

/* "float64(float64))", as numba prints it "float64(float64)]". */
static const gj_type *read_function(reader *r, char end)
{
	const gj_type *ret = parse_type(r), *arg[MAX_ITEMS];
	if (!ret)
		return NULL;
	if (!eat(r, '('))
		return fail(r, "expected '(' before the argument types of a function");
	int n = read_items(r, ')', arg, MAX_ITEMS);
	if (n < 0)
		return NULL;
	return eat(r, end) ? gj_function_type(ret, arg, (uint32_t)n, NULL) : fail(r, "expected the end of a function's type");
}

static const gj_type *unknown(reader *r, const char *word, size_t n)
{
	gj_nearest like = gj_nearest_to_n(word, n);
	for (int k = 0; k < GJ_NSCALARS; k++)
		gj_nearest_offer_list(&like, spellings[k]);
	gj_nearest_offer_list(&like, "void none array UniTuple Tuple Optional CPointer voidptr FunctionType");
	if (!*r->error.why) {
		snprintf(r->error.why, sizeof r->error.why, "there is no type '%.*s'", (int)(n < 40 ? n : 40), word);
		snprintf(r->error.hint, sizeof r->error.hint, "%s", gj_did_you_mean(&like));
	}
	return NULL;
}

static const gj_type *read_name(reader *r)
{
	const char *word;
	size_t n = read_word(r, &word);
	bool readonly = is_word(word, n, "readonly");
	if (readonly)
		n = read_word(r, &word);
	if (!n)
		return fail(r, "expected the name of a type");
	const char *after = r->p;
	if (is_word(word, n, "FunctionType") && (eat(r, '(') || eat(r, '[')))
		return read_function(r, r->p[-1] == '[' ? ']' : ')');
	if (eat(r, '(')) {
		if (is_word(word, n, "array") || is_word(word, n, "Array"))
			return read_array(r, readonly);
		if (is_word(word, n, "OptionalType") || is_word(word, n, "Optional") || is_word(word, n, "optional"))
			return read_optional(r);
		if (is_word(word, n, "Tuple"))
			return read_tuple(r);
		if (is_word(word, n, "CPointer"))
			return read_pointer(r);
		if (is_word(word, n, "UniTuple"))
			return read_unituple(r);
		r->p = after;                          /* the arguments of a signature follow */
	}
	if (is_word(word, n, "void") || is_word(word, n, "none") || is_word(word, n, "None"))
		return gj_t_none;
	const gj_type *const float8[] = { gj_t_e4m3, gj_t_e5m2 };
	for (int i = 0; i < 2; i++)
		if (is_word(word, n, float8[i]->name))
			return float8[i];
	if (is_word(word, n, "voidptr"))
		return gj_ptr_type(gj_t_none, GJ_GENERIC);
	for (int k = 0; k < GJ_NSCALARS; k++)
		if (in_list(word, n, spellings[k]))
			return gj_scalar[k];
	if (n > 2 && word[n - 2] == 'x' && word[n - 1] >= '1' && word[n - 1] <= '4')          /* float32x4 */
		for (int k = 0; k < GJ_NSCALARS; k++)
			if (is_word(word, n - 2, gj_scalar[k]->name) && gj_vector_type(gj_scalar[k], (uint32_t)(word[n - 1] - '0')))
				return gj_vector_type(gj_scalar[k], (uint32_t)(word[n - 1] - '0'));
	return unknown(r, word, n);
}

/* "[:, ::1]" after its opening bracket: `::1` last is C, first is F, nowhere is A. */
static const gj_type *read_dims(reader *r, const gj_type *elem)
{
	int ndim = 0, unit = -1;
	do {
		if (!eat(r, ':'))
			return fail(r, "a dimension is written ':' or '::1'");
		if (eat(r, ':')) {
			long one;
			if (!read_int(r, &one) || one != 1 || unit >= 0)
				return fail(r, "only one dimension may be '::1', the first or the last");
			unit = ndim;
		}
		ndim++;
	} while (eat(r, ','));
	if (!eat(r, ']'))
		return fail(r, "expected ']' after the dimensions of an array");
	if (!gj_is_plain(elem) || ndim > GJ_MAX_NDIM)
		return fail(r, "an array has scalar items and at most 6 dimensions");
	if (unit > 0 && unit < ndim - 1)
		return fail(r, "'::1' stands in the first or in the last dimension");
	char layout = unit < 0 ? 'A' : unit == ndim - 1 ? 'C' : 'F';
	return gj_array_type(elem, ndim, layout, false, GJ_GLOBAL);
}

static const gj_type *parse_type(reader *r)
{
	if (++r->depth > MAX_DEPTH)
		return fail(r, "types are nested too deep");
	const gj_type *t = read_name(r);
	while (t && eat(r, '*'))
		t = pointer_to(r, t);
	while (t && eat(r, '['))
		t = read_dims(r, t);
	r->depth--;
	if (!t)
		fail(r, "out of memory");
	return t;
}

static bool at_end(reader *r)
{
	skip(r);
	if (*r->p)
		fail(r, "unexpected text after the type");
	return !*r->error.why;
}

const gj_type *gj_parse_type(const char *text, gj_unread *error)
{
	reader r = { .p = text };
	const gj_type *t = parse_type(&r);
	bool ok = t && at_end(&r);
	if (error)
		*error = r.error;
	return ok ? t : NULL;
}

int gj_parse_signature(const char *text, const gj_type **ret, const gj_type **arg, int max, gj_unread *error)
{
	reader r = { .p = text };
	int n = -1;
	*ret = NULL;
	bool bare = eat(&r, '(');
	if (!bare)
		*ret = parse_type(&r);
	if (bare || (*ret && eat(&r, '(')))
		n = read_items(&r, ')', arg, max);
	else if (*ret && eat(&r, ',')) {           /* "float32, int64": a tuple without its brackets */
		arg[0] = *ret;
		*ret = NULL;
		n = read_items(&r, 0, arg + 1, max - 1);
		n += n >= 0;
	} else
		fail(&r, "expected '(' before the argument types");
	if (!at_end(&r))
		n = -1;
	if (error)
		*error = r.error;
	return n;
}
