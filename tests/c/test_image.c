/* Images through the cache's flat form: a round trip keeps every field, every truncation and every flipped byte is
 * either refused or gives an image that can be cleared. */
#include "image/image.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static char *heap(const char *s)
{
	return strcpy(malloc(strlen(s) + 1), s);
}

static gj_image sample(void)
{
	static const gj_param params[] = {
		{ 0, GJ_FIELD_DATA, 0, GJ_U64, 8, 0 }, { 0, GJ_FIELD_SHAPE, 1, GJ_I32, 4, 8 }, { 2, GJ_FIELD_VALUE, 0, GJ_BOOL,
		1, 12 },
	};
	static const char text[] = "\0k.py\0kernel\0ValueError\0five";
	static const gj_site sites[] = {
		{ GJ_SITE_BARRIER, 0, 3, 1, 6, 0, 0 }, { GJ_SITE_RAISE, 0, -1, 1, 6, 13, 24 }, { GJ_SITE_ASSERT, 0, 70000, 0, 0, 0, 28 },
		{ GJ_SITE_INDEX, 5, 4, 1, 6, 0, 24 },
	};
	gj_image m = {
		.format = GJ_FMT_OBJECT, .ncode = 5, .entry = heap("k"), .nparams = GJ_LEN(params), .param_bytes = 16,
			.nleaves = 3,
		.shared_bytes = 1024, .local_bytes = 77, .width = 32, .barriers = true, .frame_bytes = 192,
		.first_axis = 2, .places = true, .cooperative = true, .max_threads = 256, .carveout = 51,
		.file = heap("dir/k.py"), .nsites = GJ_LEN(sites), .llvm = heap("define"),
	};
	m.code = memcpy(malloc(5), "a\0b\0c", 5);
	m.param = memcpy(malloc(sizeof params), params, sizeof params);
	m.written = memcpy(malloc(3), "\1\0\0", 3);
	m.site = memcpy(malloc(sizeof sites), sites, sizeof sites);
	m.text = memcpy(malloc(sizeof text), text, sizeof text);
	m.ntext = sizeof text;
	return m;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_round_trip(const gj_image *m, gj_sb *blob)
{
	gj_image r;
	CHECK(gj_image_write(m, blob), "write");
	CHECK(gj_image_read(&r, blob->p, blob->n), "read");
	CHECK(r.format == m->format && r.ncode == m->ncode && memcmp(r.code, m->code, m->ncode) == 0, "code");
	CHECK(same_text(r.entry, m->entry) && same_text(r.file, m->file), "entry and file");
	CHECK(same_text(r.llvm, m->llvm) && same_text(r.assembly, m->assembly), "texts");
	CHECK(r.nparams == m->nparams && r.param_bytes == m->param_bytes && r.nleaves == m->nleaves, "counts");
	for (uint32_t i = 0; i < m->nparams; i++) {
		const gj_param *p = &m->param[i], *q = &r.param[i];
		CHECK(p->leaf == q->leaf && p->field == q->field && p->dim == q->dim && p->kind == q->kind && p->size == q->size
		      && p->offset == q->offset, "parameter %u", (unsigned)i);
	}
	CHECK(memcmp(r.written, m->written, m->nleaves) == 0, "write set");
	CHECK(r.shared_bytes == m->shared_bytes && r.local_bytes == m->local_bytes && r.width == m->width, "sizes");
	CHECK(r.barriers && r.frame_bytes == m->frame_bytes && !r.dynamic_shared && r.first_axis == 2 && r.places && !r.part && r.cooperative && r.max_threads == m->max_threads && r.carveout == 51, "flags");
	CHECK(r.nsites == m->nsites && memcmp(r.site, m->site, m->nsites * sizeof *m->site) == 0, "sites");
	CHECK(r.ntext == m->ntext && memcmp(r.text, m->text, m->ntext) == 0, "what sites say");
	CHECK(!strcmp(r.text + r.site[1].exception, "ValueError") && !strcmp(r.text + r.site[1].message, "five"), "a message");
	gj_image_clear(&r);
	CHECK(!r.code && !r.entry && !r.nparams, "cleared");
}

/* Every text ends inside the texts. */
static bool sites_are_sound(const gj_image *m)
{
	bool ok = !m->text || (m->ntext && !m->text[m->ntext - 1]);
	for (uint32_t i = 0; i < m->nsites; i++) {
		const gj_site *s = &m->site[i];
		ok &= s->kind < GJ_NSITE_KINDS && s->file < m->ntext && s->function < m->ntext && s->exception < m->ntext && s->message < m->ntext;
	}
	return ok;
}

static void test_damage(const gj_sb *blob)
{
	for (size_t n = 0; n < blob->n; n++) {
		gj_image r;
		uint8_t *cut = malloc(n ? n : 1);      /* exact size, so that ASan sees a byte read too many */
		memcpy(cut, blob->p, n);
		CHECK(!gj_image_read(&r, cut, n), "cut at %zu", n);
		CHECK(!r.code && !r.param, "refused image is empty");
		free(cut);
	}
	for (size_t i = 0; i < 8 * blob->n; i++) {
		gj_image r;
		uint8_t *bent = malloc(blob->n);
		memcpy(bent, blob->p, blob->n);
		bent[i / 8] ^= (uint8_t)(1 << i % 8);
		if (gj_image_read(&r, bent, blob->n))
			CHECK(r.entry && r.code && (!r.nparams || r.param[0].leaf < r.nleaves) && sites_are_sound(&r), "bit %zu", i);
		gj_image_clear(&r);
		free(bent);
	}
	gj_image r;
	gj_sb longer = { 0 };
	gj_sb_put(&longer, blob->p, blob->n);
	gj_sb_put(&longer, "x", 1);
	CHECK(!gj_image_read(&r, longer.p, longer.n), "trailing byte");
	gj_sb_free(&longer);
}

int main(void)
{
	gj_image m = sample(), bare = { .code = memcpy(malloc(1), "x", 1), .ncode = 1, .entry = heap("e") }, r;
	gj_sb blob = { 0 }, small = { 0 };
	test_round_trip(&m, &blob);
	test_damage(&blob);
	CHECK(gj_image_write(&bare, &small) && gj_image_read(&r, small.p, small.n), "image without parameters");
	CHECK(!r.param && !r.site && !r.file && !r.written, "absent stays absent");
	gj_image_clear(&r);
	gj_image_clear(&bare);
	gj_image_clear(&m);
	gj_sb_free(&blob);
	gj_sb_free(&small);
	return done();
}
