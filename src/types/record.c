/* The interner of records' layouts, and what follows from them: alignment of fields, their types as values. */
#include "types/record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256 };
typedef struct entry { gj_record record; struct entry *next; } entry;
static struct { pthread_mutex_t lock; entry *bucket[BUCKETS]; } table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint32_t text_hash(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return (h ^ 0xff) * 16777619u;
}

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

static bool same(const gj_record *a, const gj_record *b)
{
	if (a->n != b->n || a->size != b->size || a->aligned != b->aligned || !same_text(a->dtype, b->dtype))
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->offset[i] != b->offset[i] || strcmp(a->name[i], b->name[i]))
			return false;
	return true;
}

/* A copy in one block of memory: the entry, the pointers, the offsets, the texts. */
static entry *entry_new(const gj_record *r)
{
	size_t bytes = sizeof(entry) + r->n * (sizeof *r->name + sizeof *r->offset) + (r->dtype ? strlen(r->dtype) + 1 : 0);
	for (uint32_t i = 0; i < r->n; i++)
		bytes += strlen(r->name[i]) + 1;
	entry *e = malloc(bytes);
	if (!e)
		return NULL;
	const char **name = (const char **)(e + 1);
	uint32_t *offset = (uint32_t *)(name + r->n);
	char *text = (char *)(offset + r->n);
	e->record = (gj_record){ r->n, r->size, name, offset, r->aligned, NULL };
	for (uint32_t i = 0; i < r->n; i++) {
		offset[i] = r->offset[i];
		name[i] = strcpy(text, r->name[i]);
		text += strlen(text) + 1;
	}
	if (r->dtype)
		e->record.dtype = strcpy(text, r->dtype);
	return e;
}

static const gj_record *intern(const gj_record *r)
{
	uint32_t h = 2166136261u ^ r->size;
	for (uint32_t i = 0; i < r->n; i++)
		h = text_hash(h, r->name[i]);
	pthread_mutex_lock(&table.lock);
	entry **at = &table.bucket[h % BUCKETS], *e = *at;
	while (e && !same(&e->record, r))
		e = e->next;
	if (!e && (e = entry_new(r))) {
		e->next = *at;
		*at = e;
	}
	pthread_mutex_unlock(&table.lock);
	return e ? &e->record : NULL;
}

/* -- Alignment ------------------------------------------------------------------------------------------------------ */

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t low_bit(uint32_t x) { return x & -x; }

/* The least alignment of a record that gives its fields, in an array of them, the most that their places allow. */
static uint32_t alignment(const gj_record *r, const gj_type *const *item)
{
	uint32_t want = 1, fits = low_bit(r->size);
	for (uint32_t i = 0; i < r->n; i++)
		want = gj_align(item[i]) > want ? gj_align(item[i]) : want;
	for (uint32_t i = 0; i < r->n; i++)
		if (r->offset[i] && low_bit(r->offset[i]) < gj_align(item[i]))
			fits = least(fits, low_bit(r->offset[i]));
	return least(want, fits);
}

/* Bytes that the address of field i is a multiple of, where that of its record is of `known`. */
static uint32_t field_known(const gj_type *record, uint32_t i, uint32_t known)
{
	uint32_t at = gj_record_of(record)->offset[i];
	return at ? least(known, low_bit(at)) : known;
}

/* -- Types ------------------------------------------------------------------------------------------------------------- */

const gj_type *gj_record_type(const gj_record *r, const gj_type *const *item)
{
	static const gj_type *const nothing[1];
	uint32_t depth = 0;
	const gj_record *own = intern(r);
	for (uint32_t i = 0; i < r->n; i++) {
		if (!item[i] || item[i]->size > r->size || r->offset[i] > r->size - item[i]->size)
			return NULL;
		depth = item[i]->depth > depth ? item[i]->depth : depth;
	}
	if (!own || !r->size || r->size > INT32_MAX || depth >= GJ_MAX_NESTED)
		return NULL;
	return gj_intern(&(gj_type){ .kind = GJ_RECORD, .n = r->n, .size = r->size, .item = r->n ? item : nothing, .obj = own,
	                             .depth = depth + 1, .align = (uint8_t)alignment(own, item) });
}

const gj_type *gj_nested_type(const gj_type *elem, uint32_t n)
{
	uint64_t size = elem ? (uint64_t)elem->size * n : UINT64_MAX;
	return size > INT32_MAX || elem->depth >= GJ_MAX_NESTED ? NULL
		: gj_intern(&(gj_type){ .kind = GJ_NESTED, .n = n, .size = (uint32_t)size, .elem = elem, .depth = elem->depth + 1 });
}

const gj_type *gj_ref_type(const gj_type *record, bool readonly, gj_space space, uint32_t known)
{
	return gj_intern(&(gj_type){ .kind = GJ_REF, .elem = record, .readonly = readonly, .space = (uint8_t)space,
	                             .align = gj_align_less(record, known) });
}

/* -- Fields ------------------------------------------------------------------------------------------------------------ */

const gj_type *gj_holds_record(const gj_type *t)
{
	bool holds = t->kind == GJ_REF || (t->kind == GJ_ARRAY && t->elem->kind == GJ_RECORD);
	return holds && !gj_record_of(t->elem)->dtype ? t->elem : NULL;
}

int gj_field_named(const gj_type *record, const char *name)
{
	const gj_record *r = gj_record_of(record);
	for (uint32_t i = 0; i < r->n; i++)
		if (!strcmp(r->name[i], name))
			return (int)i;
	return -1;
}

const gj_type *gj_field_type(const gj_type *of, uint32_t i)
{
	int inner;
	uint32_t known = field_known(of->elem, i, gj_known_align(of));
	const gj_type *t = gj_innermost(of->elem->item[i], &inner);
	gj_space space = (gj_space)of->space;
	if (of->kind == GJ_ARRAY)
		return gj_array_at(t, of->ndim + inner, 'A', of->readonly, space, known);
	if (inner)
		return gj_array_at(t, inner, 'C', of->readonly, space, known);
	return t->kind == GJ_RECORD ? gj_ref_type(t, of->readonly, space, known) : t;
}

bool gj_has_overlap(const gj_type *t)
{
	int ndim;
	t = gj_innermost(t, &ndim);
	const gj_record *r = t->kind == GJ_RECORD ? gj_record_of(t) : NULL;
	for (uint32_t i = 0; r && i < r->n; i++) {
		if (gj_has_overlap(t->item[i]))
			return true;
		for (uint32_t k = 0; k < i; k++)
			if (r->offset[k] < r->offset[i] + t->item[i]->size && r->offset[i] < r->offset[k] + t->item[k]->size)
				return true;
	}
	return false;
}

gj_space gj_own_space(const gj_type *elem) { return gj_has_overlap(elem) ? GJ_GENERIC : GJ_LOCAL; }
