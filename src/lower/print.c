/* Lowering of print(): the line as a template, made here, and the numbers that it wants (image/report.h). */
#include "lower/lower.h"
#include "code/code.h"
#include "image/report.h"

#include <string.h>

typedef struct line { gj_lower *L; const char *text; GJ_VEC(gj_ref) value; } line;

static void put(line *p, const char *s) { p->text = gj_printf(p->L->arena, "%s%s", p->text, s); }

/* Text as it is: marks are doubled. */
static void put_text(line *p, const char *s)
{
	for (const char *at; (at = strchr(s, GJ_PRINT_MARK)); s = at + 1)
		p->text = gj_printf(p->L->arena, "%s%.*s%c%c", p->text, (int)(at - s), s, GJ_PRINT_MARK, GJ_PRINT_MARK);
	put(p, s);
}

/* Text as Python's repr() has it. */
static void put_quoted(line *p, const char *s)
{
	char quote[2] = { strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'', 0 };
	put(p, quote);
	for (; *s; s++) {
		char one[3] = { *s, 0, 0 };
		bool escaped = *s == '\\' || *s == *quote || *s == '\n' || *s == '\t' || *s == '\r';
		if (escaped) {
			one[0] = '\\';
			one[1] = *s == '\n' ? 'n' : *s == '\t' ? 't' : *s == '\r' ? 'r' : *s;
		}
		put_text(p, one);
	}
	put(p, quote);
}

static char letter(const gj_type *t)
{
	return gj_is_bool(t) ? 'b' : t->kind == GJ_BF16 ? 'g' : t->kind == GJ_F16 ? 'h' : t->kind == GJ_F32 ? 'f' : gj_is_float(t) ? 'd'
		: t->kind == GJ_C64 ? 'c' : gj_is_complex(t) ? 'z' : gj_is_unsigned(t) ? 'u' : 'i';
}

/* The parts of a number, whose mark stands in the text. */
static void put_parts(line *p, gj_lv v)
{
	for (uint32_t i = 0, n = gj_parts(v.type); i < n; i++)
		gj_push(p->L->arena, &p->value, gj_is_half(v.type) ? gj_ecast(p->L, v.part[i], gj_scalar[GJ_F32]) : v.part[i]);
}

static void put_number(line *p, gj_lv v)
{
	p->text = gj_printf(p->L->arena, "%s%c%c", p->text, GJ_PRINT_MARK, letter(v.type));
	put_parts(p, v);
}

/* What there is so far, as a line without an end. */
static void show(line *p)
{
	if (p->value.n > GJ_PRINT_VALUES)
		gj_lfail(p->L, GJ_ERR_PRINT_LONG, p->value.n, GJ_PRINT_VALUES);
	if (*p->text)
		gj_lprint(p->L, p->text, p->value.n, p->value.p);
	*p = (line){ .L = p->L, .text = "" };
}

static void show_items(line *p, gj_lv a, uint32_t d, gj_ref *at)
{
	if (d == a.type->ndim) {
		p->text = gj_printf(p->L->arena, "%c,%c", GJ_PRINT_MARK, letter(a.type->elem));
		put_parts(p, gj_lload(p->L, gj_lelement(p->L, a, at), a.type->elem));
		show(p);
		return;
	}
	gj_lfor l = gj_lfor_begin(p->L, gj_extent(a, d), NULL);
	at[d] = l.i;
	show_items(p, a, d + 1, at);
	gj_lfor_end(p->L, &l, NULL);
}

/* A whole array: a line that says its type and extents, one for each item, and one that says that it ends (image/report.h). */
static void put_array(line *p, gj_lv a)
{
	gj_ref at[GJ_MAX_NDIM];
	show(p);
	p->text = gj_printf(p->L->arena, "%c[%c%c", GJ_PRINT_MARK, letter(a.type->elem), '0' + a.type->ndim);
	for (uint32_t d = 0; d < a.type->ndim; d++)
		gj_push(p->L->arena, &p->value, gj_extent(a, d));
	show(p);
	show_items(p, a, 0, at);
	p->text = gj_printf(p->L->arena, "%c]", GJ_PRINT_MARK);
}

static void put_value(line *p, gj_lv v, bool inside);

/* A value in a text, with what stands behind its mark up to the next (code.h: GJ_TOLD_IN). */
static void put_formatted(line *p, gj_lv v, const char *format)
{
	bool text = *format == GJ_TOLD_STR || *format == GJ_TOLD_REPR, one = *format == GJ_TOLD_ONE;
	if (!*format || (text && !format[1])) {
		put_value(p, v, *format == GJ_TOLD_REPR);
	} else if (one || gj_is_number(v.type)) {
		p->text = gj_printf(p->L->arena, "%s%c%c%c%s%c", p->text, GJ_PRINT_MARK, one ? '#' : '{', letter(v.type), format + one, GJ_PRINT_MARK);
		put_parts(p, v);
	} else if (v.type == gj_t_str && !strchr(v.konst->name, GJ_PRINT_MARK)) {
		p->text = gj_printf(p->L->arena, "%s%c{s%s%c%s%c", p->text, GJ_PRINT_MARK, v.konst->name, GJ_TOLD_ONE, format, GJ_PRINT_MARK);
	} else {
		gj_lfail(p->L, GJ_ERR_PRINT_FORMAT, v.type->name);
	}
}

static void put_made(line *p, gj_lv v)
{
	uint32_t next = 1;
	for (const char *s = gj_lv_item(p->L, v, 0).konst->name, *end; *s; s = end) {
		size_t n = *s == GJ_TOLD_IN ? strcspn(s + 1, (const char[]){ GJ_TOLD_IN, 0 }) : strcspn(s, (const char[]){ GJ_TOLD_IN, 0 });
		bool value = *s == GJ_TOLD_IN;
		const char *part = gj_strndup(p->L->arena, s + value, n);
		if (value)
			put_formatted(p, gj_lv_item(p->L, v, next++), part);
		else
			put_text(p, part);
		end = s + n + 2 * value;
	}
}

static void put_value(line *p, gj_lv v, bool inside)
{
	if (gj_is_text(v.type)) {
		put_made(p, v);
		return;
	}
	if (v.type->kind == GJ_TUPLE) {
		const gj_fields *names = gj_names_of(v.type);
		bool list = gj_is_list(v.type);
		put(p, list ? "[" : gj_printf(p->L->arena, "%s(", names ? names->label : ""));
		for (uint32_t i = 0; i < v.type->n; i++) {
			put(p, i ? ", " : "");
			put(p, names ? gj_printf(p->L->arena, "%s=", names->name[i]) : "");
			put_value(p, gj_lv_item(p->L, v, i), true);
		}
		put(p, list ? "]" : v.type->n == 1 && !names ? ",)" : ")");
	} else if (v.type == gj_t_str) {
		(inside ? put_quoted : put_text)(p, v.konst->name);
	} else if (v.type == gj_t_none) {
		put(p, "None");
	} else if (v.type->kind == GJ_ARRAY) {
		put_array(p, v);
	} else {
		put_number(p, v);
	}
}

gj_lv gj_lower_print(gj_lcall *c)
{
	gj_lower *L = c->L;
	line p = { .L = L, .text = "" };
	const char *sep = c->a[0].konst && c->a[0].type == gj_t_str ? c->a[0].konst->name : " ";
	const char *end = c->a[1].konst && c->a[1].type == gj_t_str ? c->a[1].konst->name : "\n";
	if (!L->M->prints)
		gj_lfail(L, GJ_ERR_PRINT_HERE);
	for (uint32_t i = 3; i < c->n; i++) {
		put_text(&p, i > 3 ? sep : "");
		put_value(&p, c->a[i], false);
	}
	put_text(&p, end);
	show(&p);
	return gj_lv_none();
}
