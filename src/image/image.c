/* A compiled kernel as a flat blob for the disk cache and back. One walk over the fields serves both directions, so
 * they cannot drift apart. The blob is read on the machine that wrote it or one like it: numbers are little-endian
 * of fixed width, and every length and enumerator is checked, because a cache file is input from outside. */
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x396a67, /* "gj9": raise the digit whenever the walk changes */ MAX_COUNT = 1 << 20 };

typedef struct io {
	gj_sb *out;                                /* NULL: reading */
	const uint8_t *p, *end;
	bool bad;
} io;

/* A number of `size` bytes. */
static uint64_t number(io *s, uint64_t x, int size)
{
	uint8_t b[8];
	if (s->out) {
		for (int i = 0; i < size; i++)
			b[i] = (uint8_t)(x >> 8 * i);
		gj_sb_put(s->out, (const char *)b, (size_t)size);
		return x;
	}
	if (s->end - s->p < size) {
		s->bad = true;
		return 0;
	}
	x = 0;
	for (int i = 0; i < size; i++)
		x |= (uint64_t)*s->p++ << 8 * i;
	return x;
}

#define NUM(S, FIELD, SIZE) ((FIELD) = number((S), (uint64_t)(FIELD), (SIZE)))

static uint32_t count(io *s, uint32_t n, uint32_t limit)
{
	n = (uint32_t)number(s, n, 4);
	if (n > limit)
		s->bad = true;
	return s->bad ? 0 : n;
}

static void flag(io *s, bool *b)
{
	uint64_t x = number(s, *b, 1);
	s->bad |= x > 1;
	*b = x == 1;
}

/* Heap memory for n items; NULL after an error. */
static void *room(io *s, size_t n, size_t item)
{
	void *p = s->bad ? NULL : calloc(n ? n : 1, item);
	s->bad |= !p;
	return p;
}

/* *n bytes behind their length; the copy has a NUL after them. NULL stays NULL. */
static void bytes(io *s, uint8_t **data, size_t *n)
{
	bool present = *data != NULL;
	flag(s, &present);
	if (!present)
		return;
	uint64_t size = number(s, *n, 8);
	if (s->out) {
		gj_sb_put(s->out, (const char *)*data, *n);
		return;
	}
	s->bad |= size > (uint64_t)(s->end - s->p);
	if (!(*data = room(s, s->bad ? 0 : (size_t)size + 1, 1)))
		return;
	*n = (size_t)size;
	memcpy(*data, s->p, *n);
	s->p += *n;
}

static void string(io *s, char **text)
{
	size_t n = *text ? strlen(*text) : 0;
	bytes(s, (uint8_t **)text, &n);
	if (*text && strlen(*text) != n)
		s->bad = true;
}

static void params(io *s, gj_image *m)
{
	m->nparams = count(s, m->nparams, UINT16_MAX);
	NUM(s, m->param_bytes, 4);
	NUM(s, m->nleaves, 4);
	s->bad |= m->param_bytes > UINT16_MAX;
	if (!s->out && m->nparams)
		m->param = room(s, m->nparams, sizeof *m->param);
	for (uint32_t i = 0; i < m->nparams && !s->bad; i++) {
		gj_param *p = &m->param[i];
		NUM(s, p->leaf, 4);
		NUM(s, p->field, 1);
		NUM(s, p->dim, 1);
		NUM(s, p->kind, 1);
		NUM(s, p->size, 1);
		NUM(s, p->offset, 2);
		s->bad |= p->leaf >= m->nleaves || p->field > GJ_FIELD_ROW || p->dim >= GJ_MAX_NDIM
		          || p->kind >= GJ_NSCALARS || (uint32_t)p->offset + p->size > m->param_bytes;
	}
}

static void one_site(io *s, gj_site *site, size_t ntext)
{
	NUM(s, site->kind, 1);
	NUM(s, site->as_given, 1);
	site->line = (int32_t)(uint32_t)number(s, (uint32_t)site->line, 4);
	NUM(s, site->file, 4);
	NUM(s, site->function, 4);
	NUM(s, site->exception, 4);
	NUM(s, site->message, 4);
	s->bad |= site->kind >= GJ_NSITE_KINDS || site->file >= ntext || site->function >= ntext || site->exception >= ntext
	          || site->message >= ntext;
}

static void sites(io *s, gj_image *m)
{
	bytes(s, (uint8_t **)&m->text, &m->ntext);
	s->bad |= m->text && (!m->ntext || m->text[0] || m->text[m->ntext - 1]);
	m->nsites = count(s, m->nsites, MAX_COUNT);
	if (!s->out && m->nsites)
		m->site = room(s, m->nsites, sizeof *m->site);
	for (uint32_t i = 0; i < m->nsites && !s->bad; i++)
		one_site(s, &m->site[i], m->ntext);
}

static void walk(io *s, gj_image *m, bool is_loop);

static void loops(io *s, gj_image *m)
{
	m->nloops = count(s, m->nloops, MAX_COUNT);
	if (!s->out && m->nloops)
		m->loop = room(s, m->nloops, sizeof *m->loop);
	for (uint32_t i = 0; i < m->nloops && !s->bad; i++)
		if (s->out) {
			gj_image copy = m->loop[i];        /* the walk writes back what it has read from the fields */
			walk(s, &copy, true);
		} else {
			walk(s, &m->loop[i], true);
		}
}

static void walk(io *s, gj_image *m, bool is_loop)
{
	uint64_t magic = number(s, MAGIC, 4), format = number(s, (uint64_t)m->format, 1);
	s->bad |= magic != MAGIC || format > GJ_FMT_OBJECT;
	m->format = s->bad ? GJ_FMT_PTX : (gj_format)format;
	bytes(s, &m->code, &m->ncode);
	string(s, &m->entry);
	params(s, m);
	size_t nwritten = m->nleaves;
	bytes(s, &m->written, &nwritten);
	s->bad |= m->written ? nwritten != m->nleaves : m->nleaves > 0;
	NUM(s, m->shared_bytes, 4);
	NUM(s, m->local_bytes, 4);
	NUM(s, m->width, 4);
	flag(s, &m->barriers);
	flag(s, &m->spins);
	NUM(s, m->frame_bytes, 4);
	flag(s, &m->streams);
	flag(s, &m->together);
	NUM(s, m->first_axis, 4);
	s->bad |= m->first_axis > 2;
	flag(s, &m->rounds);
	NUM(s, m->free_rounds, 4);
	s->bad |= m->free_rounds > m->nparams;
	for (gj_reach *r = m->reach; r < m->reach + GJ_ALL_REACHES; r++) {
		NUM(s, r->param, 4);
		NUM(s, r->more, 4);
		s->bad |= r->param > m->nparams;
	}
	flag(s, &m->nest);
	flag(s, &m->narrow);
	flag(s, &m->part);
	flag(s, &m->part_places);
	flag(s, &m->places);
	flag(s, &m->begins_with_loop);
	NUM(s, m->straight, 4);
	NUM(s, m->kept_bytes, 4);
	s->bad |= m->kept_bytes > 4096;
	NUM(s, m->neighbours, 1);
	s->bad |= m->neighbours > 4 || m->neighbours == 3;
	NUM(s, m->accesses, 1);
	flag(s, &m->dynamic_shared);
	flag(s, &m->cooperative);
	flag(s, &m->incomplete);
	NUM(s, m->max_threads, 4);
	NUM(s, m->carveout, 1);
	s->bad |= m->carveout > 101;
	string(s, &m->file);
	sites(s, m);
	NUM(s, m->first_report, 4);
	flag(s, &m->reports);
	flag(s, &m->prints);
	s->bad |= m->first_report > m->nsites;
	string(s, &m->llvm);
	string(s, &m->assembly);
	flag(s, &m->chunked);
	flag(s, &m->heavy);
	s->bad |= is_loop && (!m->entry || !m->code);
	if (!is_loop)
		loops(s, m);
}

bool gj_image_write(const gj_image *image, gj_sb *out)
{
	gj_image copy = *image;
	io s = { .out = out };
	walk(&s, &copy, false);
	return !s.bad && !out->failed;
}

bool gj_image_read(gj_image *image, const void *blob, size_t n)
{
	io s = { .p = blob, .end = (const uint8_t *)blob + n };
	memset(image, 0, sizeof *image);
	walk(&s, image, false);
	if (!s.bad && s.p == s.end && image->entry && image->code)
		return true;
	gj_image_clear(image);
	return false;
}

void gj_image_clear(gj_image *m)
{
	free(m->code);
	free(m->entry);
	free(m->param);
	free(m->written);
	free(m->file);
	free(m->site);
	free(m->text);
	free(m->llvm);
	free(m->assembly);
	for (uint32_t i = 0; i < m->nloops && m->loop; i++)
		gj_image_clear(&m->loop[i]);
	free(m->loop);
	memset(m, 0, sizeof *m);
}
