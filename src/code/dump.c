/* Frozen objects and code as text: for dumps of SSA and for gj_code_dump. */
#include "code/dump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void gj_put_float(gj_sb *out, double x)
{
	char text[40];
	if (isnan(x)) {
		gj_sb_puts(out, "nan");
		return;
	}
	for (int digits = 1; digits <= 17; digits += digits == 1 ? 14 : 1) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	gj_sb_puts(out, text);
	for (const char *p = text; *p; p++)
		if (*p == '.' || *p == 'e' || *p == 'n')
			return;
	gj_sb_puts(out, ".0");
}

static void put_text(gj_sb *out, const char *s)
{
	gj_sb_puts(out, "\"");
	for (; s && *s; s++)
		if ((unsigned char)*s < ' ' || *s == '"' || *s == '\\')
			gj_sb_printf(out, "\\x%02x", (unsigned char)*s);
		else
			gj_sb_put(out, s, 1);
	gj_sb_puts(out, "\"");
}

static void put_int(gj_sb *out, const gj_obj *o)
{
	if (o->big)
		gj_sb_puts(out, o->name);
	else if (o->is_unsigned)
		gj_sb_printf(out, "%llu", (unsigned long long)o->i);
	else
		gj_sb_printf(out, "%lld", (long long)o->i);
}

static void put_items(gj_sb *out, const char *open, const gj_obj *o, const char *close)
{
	gj_sb_puts(out, open);
	for (uint32_t i = 0; i < o->n; i++) {
		gj_sb_puts(out, i ? ", " : "");
		gj_put_obj(out, o->item[i]);
	}
	gj_sb_puts(out, close);
}

static void put_complex(gj_sb *out, const gj_obj *o)
{
	gj_sb_puts(out, "(");
	gj_put_float(out, o->f);
	gj_sb_puts(out, signbit(o->im) ? "-" : "+");
	gj_put_float(out, fabs(o->im));
	gj_sb_puts(out, "j)");
}

static void put_scalar(gj_sb *out, const gj_obj *o)
{
	gj_sb_printf(out, "%s(", o->type->name);
	if (gj_is_complex(o->type))
		put_complex(out, o);
	else if (gj_is_float(o->type))
		gj_put_float(out, o->f);
	else if (gj_is_unsigned(o->type))
		gj_sb_printf(out, "%llu", (unsigned long long)o->i);
	else
		gj_sb_printf(out, "%lld", (long long)o->i);
	gj_sb_puts(out, ")");
}

void gj_put_obj(gj_sb *out, const gj_obj *o)
{
	if (!o) {
		gj_sb_puts(out, "-");
		return;
	}
	const char *name = o->name ? o->name : "?";
	switch (o->kind) {
	case GJ_OBJ_MISSING:  gj_sb_printf(out, "undefined %s", name); break;
	case GJ_OBJ_NONE:     gj_sb_puts(out, "None"); break;
	case GJ_OBJ_BOOL:     gj_sb_puts(out, o->i ? "True" : "False"); break;
	case GJ_OBJ_INT:      put_int(out, o); break;
	case GJ_OBJ_COMPLEX: put_complex(out, o); break;
	case GJ_OBJ_FLOAT:    gj_put_float(out, o->f); break;
	case GJ_OBJ_STR:      put_text(out, o->name); break;
	case GJ_OBJ_ELLIPSIS: gj_sb_puts(out, "..."); break;
	case GJ_OBJ_SCALAR:   put_scalar(out, o); break;
	case GJ_OBJ_TUPLE:    put_items(out, "(", o, o->n == 1 ? ",)" : ")"); break;
	case GJ_OBJ_SLICE:    put_items(out, "slice(", o, ")"); break;
	case GJ_OBJ_ARRAY:    gj_sb_printf(out, "constant %s", o->type->name); break;
	case GJ_OBJ_CAPTURED: gj_sb_printf(out, "memory of %s", o->type->name); break;
	case GJ_OBJ_TYPE:     gj_sb_printf(out, "type %s", o->type->name); break;
	case GJ_OBJ_NAME:     gj_sb_puts(out, name); break;
	case GJ_OBJ_MODULE:   gj_sb_printf(out, "module %s", name); break;
	case GJ_OBJ_FUNCTION: gj_sb_printf(out, "function %s", name); break;
	case GJ_OBJ_OVERLOADED: gj_sb_printf(out, "overloaded function %s", name); break;
	case GJ_OBJ_EXTERN:   gj_sb_printf(out, "declared function %s", name); break;
	case GJ_OBJ_CODE: case GJ_OBJ_GENERATOR:     gj_sb_printf(out, "code %s", o->code ? o->code->name : name); break;
	case GJ_OBJ_PICKED:   gj_sb_printf(out, "one of %u functions", o->n); break;
	case GJ_OBJ_OPAQUE:   gj_sb_puts(out, name); break;
	}
}

/* -- Code -------------------------------------------------------------------------------------------------------------- */

static void dump_objs(gj_sb *out, const char *title, const char *const *name, const gj_obj *const *p, int n)
{
	for (int i = 0; p && i < n; i++) {
		gj_sb_printf(out, "  %s ", title);
		if (name)
			gj_sb_printf(out, "%s = ", name[i]);
		gj_put_obj(out, p[i]);
		gj_sb_puts(out, "\n");
	}
}

static void dump_code(const gj_code *c, gj_sb *out, int depth)
{
	gj_sb_printf(out, "code %s (%d arguments", c->qualname, c->nargs);
	if (c->nkwonly)
		gj_sb_printf(out, ", %d keyword-only", c->nkwonly);
	gj_sb_printf(out, ")%s\n", c->user_handlers ? " with handlers" : "");
	gj_sb_puts(out, "  variables");
	for (int i = 0; i < c->nvars; i++)
		gj_sb_printf(out, " %s%s", c->var[i], i >= c->nvars - c->nfree ? " (free)" : "");
	gj_sb_puts(out, "\n");
	dump_objs(out, "constant", NULL, c->konst, c->nkonsts);
	dump_objs(out, "global", c->name_text, c->global, c->nnames);
	dump_objs(out, "free", c->var + c->nvars - c->nfree, c->free_value, c->nfree);
	dump_objs(out, "default", NULL, c->defaults, c->ndefaults);
	for (int i = 0; i < c->nkonsts && depth < 8; i++)
		if (c->konst[i]->kind == GJ_OBJ_CODE)
			dump_code(c->konst[i]->code, out, depth + 1);
}

void gj_code_dump(const gj_code *c, gj_sb *out)
{
	dump_code(c, out, 0);
}
