/* The interner of the names of items, and the types of tuples that have them. */
#include "types/fields.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };
typedef struct entry { gj_fields fields; struct entry *next; } entry;
static struct { pthread_mutex_t lock; entry *bucket[BUCKETS]; } table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint32_t text_hash(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return (h ^ 0xff) * 16777619u;
}

static bool same(const gj_fields *f, const char *label, const char *const *name, uint32_t n, gj_fields_kind kind)
{
	if (f->n != n || f->kind != kind || strcmp(f->label, label))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(f->name[i], name[i]))
			return false;
	return true;
}

/* A copy in one block of memory: the entry, the pointers, the texts. */
static entry *entry_new(const char *label, const char *const *name, uint32_t n, gj_fields_kind kind)
{
	size_t bytes = sizeof(entry) + n * sizeof *name + strlen(label) + 1;
	for (uint32_t i = 0; i < n; i++)
		bytes += strlen(name[i]) + 1;
	entry *e = malloc(bytes);
	if (!e)
		return NULL;
	const char **copy = (const char **)(e + 1);
	char *text = (char *)(copy + n);
	e->fields = (gj_fields){ strcpy(text, label), n, copy, kind };
	for (uint32_t i = 0; i < n; i++) {
		text += strlen(text) + 1;
		copy[i] = strcpy(text, name[i]);
	}
	return e;
}

static const gj_fields *intern(const char *label, const char *const *name, uint32_t n, gj_fields_kind kind)
{
	uint32_t h = text_hash(2166136261u, label);
	for (uint32_t i = 0; i < n; i++)
		h = text_hash(h, name[i]);
	pthread_mutex_lock(&table.lock);
	entry **at = &table.bucket[h % BUCKETS], *e = *at;
	while (e && !same(&e->fields, label, name, n, kind))
		e = e->next;
	if (!e && (e = entry_new(label, name, n, kind))) {
		e->next = *at;
		*at = e;
	}
	pthread_mutex_unlock(&table.lock);
	return e ? &e->fields : NULL;
}

const gj_fields *gj_fields_of(const char *label, const char *const *name, uint32_t n) { return intern(label, name, n, GJ_FIELDS_TUPLE); }
const gj_fields *gj_dict_fields(const char *const *name, uint32_t n) { return intern("dict", name, n, GJ_FIELDS_DICT); }
const gj_fields *gj_slice_fields(void) { return intern("slice", (const char *[]){ "start", "stop", "step" }, 3, GJ_FIELDS_SLICE); }
const gj_fields *gj_member_fields(const char *label, bool integer)
{
	return intern(label, (const char *[]){ "value" }, 1, integer ? GJ_FIELDS_INTEGER : GJ_FIELDS_MEMBER);
}

const gj_type *gj_tuple_like(const gj_type *t, const gj_type *const *item)
{
	if (gj_names_of(t))
		return gj_named_type(gj_names_of(t), item);
	return gj_is_list(t) ? gj_list_type(item, t->n) : gj_is_text(t) ? gj_text_type(item, t->n) : gj_tuple_type(item, t->n);
}

const gj_type *gj_wide(const gj_type *t)
{
	if (gj_is_float8(t))
		return gj_scalar[GJ_F32];
	if (gj_is_integer_member(t))
		return t->item[0];
	bool same = true;
	for (uint32_t i = 0; t->kind == GJ_TUPLE && i < t->n; i++)
		same &= gj_is_float8(t->item[i]) || gj_wide(t->item[i]) == t->item[i];
	const gj_type **item = same ? NULL : malloc(t->n * sizeof *item);
	for (uint32_t i = 0; item && i < t->n; i++)
		item[i] = gj_is_float8(t->item[i]) ? t->item[i] : gj_wide(t->item[i]);
	t = item ? gj_tuple_like(t, item) : t;
	free(item);
	return t;
}

int gj_item_named(const gj_type *t, const char *name)
{
	const gj_fields *f = gj_names_of(t);
	for (uint32_t i = 0; f && i < f->n; i++)
		if (!strcmp(f->name[i], name))
			return (int)i;
	return -1;
}

bool gj_is_numpy_generator(const gj_type *t)
{
	return gj_names_of(t) && !strcmp(gj_names_of(t)->label, GJ_GENERATOR);
}
