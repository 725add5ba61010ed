/* Which exceptions an except clause takes. */
#include "code/exceptions.h"

#include <string.h>

static const struct { const char *name, *base; } own[] = {
#define EXCEPTION(name, base) { #name, base },
#include "code/exceptions.def"
};

/* Python has three names for one class. */
static const char *first_name(const char *name)
{
	return !strcmp(name, "IOError") || !strcmp(name, "EnvironmentError") ? "OSError" : name;
}

/* The name of a class of Python's own; NULL: it is none. */
static const char *own_name(const gj_obj *class)
{
	static const char builtins[] = "builtins.";
	bool named = class->kind == GJ_OBJ_NAME && !strncmp(class->name, builtins, strlen(builtins));
	return named ? first_name(class->name + strlen(builtins)) : NULL;
}

/* Its row; GJ_LEN(own): there is none. */
static size_t row_of(const char *name)
{
	size_t i = 0;
	while (i < GJ_LEN(own) && strcmp(own[i].name, name))
		i++;
	return i;
}

bool gj_is_exception(const gj_obj *o)
{
	const char *name = own_name(o);
	return name ? row_of(name) < GJ_LEN(own) : o->kind == GJ_OBJ_OPAQUE && o->kin;
}

static bool own_is(const char *name, const char *handled)
{
	while (strcmp(name, handled)) {
		size_t i = row_of(name);
		if (i == GJ_LEN(own) || !*own[i].base)
			return false;
		name = own[i].base;
	}
	return true;
}

bool gj_exception_is(const gj_obj *raised, const gj_obj *handled)
{
	const gj_obj *class = raised && raised->kind == GJ_OBJ_TUPLE ? raised->n ? raised->item[0] : NULL : raised;
	const char *name = !class ? "RuntimeError" : gj_is_exception(class) ? own_name(class) : "TypeError", *wanted = own_name(handled);
	if (name)
		return wanted && own_is(name, wanted);
	for (uint32_t i = 0; i < class->kin->n; i++) {
		const gj_obj *of = class->kin->item[i];
		if (wanted ? own_name(of) && !strcmp(own_name(of), wanted) : of->data == handled->kin->item[0]->data)
			return true;
	}
	return false;
}
