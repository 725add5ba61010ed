/* From a request to a loaded kernel: look in the disk cache, compile, link, keep, load. */
#include "build.h"
#include "key.h"
#include "run/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static gj_cache *cache;
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;

static void open_cache(void)
{
	const char *why;
	cache = gj_cache_open(NULL, &why);
}

/* Where the device links what was loaded, the image holds the rest already. */
static bool load(gj_build *b)
{
	const char **path = b->dev->ops->link || !b->nlinked ? NULL : malloc(b->nlinked * sizeof *path);
	for (uint32_t i = 0; path && i < b->nlinked; i++)
		path[i] = b->linked[i].name;
	b->image.library = path;
	b->image.nlibraries = path ? b->nlinked : 0;
	b->status = b->dev->ops->load(b->dev, &b->image, &b->kernel);
	b->image.library = NULL;
	b->image.nlibraries = 0;
	free(path);
	b->what = "loading the kernel";
	return b->status == GJ_OK;
}

static bool from_cache(gj_build *b, const gj_hash *key)
{
	void *blob;
	size_t n;
	if (!cache || getenv("GRIDJIT_DUMP") || !gj_cache_get(cache, key, &blob, &n))
		return false;
	bool ok = gj_image_read(&b->image, blob, n);
	free(blob);
	if (ok && load(b))
		return b->hit = true;
	if (ok)
		gj_image_clear(&b->image);
	memset(&b->image, 0, sizeof b->image);
	b->status = GJ_OK;
	return false;
}

static bool link_image(gj_build *b)
{
	uint8_t *cubin;
	size_t n;
	if (!b->dev->ops->link)
		return true;
	b->what = "linking the kernel";
	b->status = b->dev->ops->link(b->dev, (const char *)b->image.code, b->image.ncode, b->rq.options.max_registers,
		b->linked, b->nlinked, &cubin, &n);
	if (b->status != GJ_OK)
		return false;
	free(b->image.code);
	b->image.code = cubin;
	b->image.ncode = n;
	b->image.format = b->dev->ops->linked;
	return true;
}

static void store(gj_build *b, const gj_hash *key)
{
	gj_sb blob = { 0 };
	if (cache && gj_image_write(&b->image, &blob) && !blob.failed)
		gj_cache_put(cache, key, blob.p, blob.n);
	gj_sb_free(&blob);
}

/* The name in the cache: of the request, and of the contents of what it is linked with. */
static gj_hash key_of(const gj_build *b)
{
	gj_hash key = gj_request_key(&b->rq);
	gj_hasher h;
	if (!b->nlinked)
		return key;
	gj_hash_init(&h);
	gj_hash_put(&h, key.b, sizeof key.b);
	for (uint32_t i = 0; i < b->nlinked; i++) {
		gj_hash_u64(&h, b->linked[i].kind);
		gj_hash_u64(&h, b->linked[i].n);
		gj_hash_put(&h, b->linked[i].data, b->linked[i].n);
	}
	return gj_hash_done(&h);
}

void gj_build_run(gj_build *b)
{
	gj_hash key;
	if (b->use_cache) {
		pthread_once(&cache_once, open_cache);
		key = key_of(b);
		if (from_cache(b, &key)) {
			if (gj_entries[b->rq.options.entry].results == GJ_RESULTS_HOST)        /* images do not tell types */
				gj_return_type(&b->rq, &b->ret, &b->diag);
			return;
		}
	}
	if (!gj_compile(&b->rq, &b->image, &b->ret, &b->diag) || !link_image(b))
		return;
	if (b->use_cache)
		store(b, &key);
	load(b);
}
