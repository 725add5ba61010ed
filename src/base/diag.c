/* Diagnostics: rows of errors.def formatted for the person who wrote the kernel. Strings are on the heap; when even
 * that memory is missing, the row's format stands in for the text. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row { const char *exc, *message, *hint; } row;

static const row rows[GJ_ERR_COUNT] = {
#define ERR(id, exc, msg, hint) [GJ_ERR_##id] = { #exc, msg, hint },
#include "base/errors.def"
};

static char *copy(const char *s)
{
	size_t n = s ? strlen(s) + 1 : 0;
	char *p = n ? malloc(n) : NULL;
	if (p)
		memcpy(p, s, n);
	return p;
}

static void clear_frames(gj_diag *d)
{
	for (int i = 0; i < d->nframes; i++) {
		free((void *)d->frame[i].file);
		free((void *)d->frame[i].func);
	}
	d->nframes = 0;
}

void gj_diag_clear(gj_diag *d)
{
	free(d->message);
	free(d->hint);
	free(d->module);
	free(d->sought);
	clear_frames(d);
	memset(d, 0, sizeof *d);
}

/* Message and hint share one argument list, and a va_list cannot be walked past a format: so both are formatted as
 * one text, which is cut at the message's length. */
static void format(gj_diag *d, const row *r, va_list args)
{
	gj_sb fmt = { 0 }, text = { 0 };
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, r->message, again);
	va_end(again);
	gj_sb_puts(&fmt, r->message);
	if (r->hint)
		gj_sb_puts(&fmt, r->hint);
	gj_sb_vprintf(&text, gj_sb_str(&fmt), args);
	bool ok = n >= 0 && !fmt.failed && !text.failed;
	while (ok && text.n > (size_t)n && text.p[text.n - 1] == ' ')              /* a suggestion with nothing behind it */
		text.p[--text.n] = 0;
	d->hint = copy(!ok ? r->hint : r->hint && text.n > (size_t)n ? gj_sb_str(&text) + n : NULL);
	if (ok && text.p)
		text.p[n] = 0;
	d->message = copy(ok ? gj_sb_str(&text) : r->message);
	gj_sb_free(&fmt);
	gj_sb_free(&text);
}

void gj_diag_vset(gj_diag *d, gj_err id, va_list args)
{
	gj_diag_clear(d);
	d->id = id;
	d->exc = rows[id].exc;
	d->set = true;
	format(d, &rows[id], args);
}

void gj_diag_set(gj_diag *d, gj_err id, ...)
{
	va_list args;
	va_start(args, id);
	gj_diag_vset(d, id, args);
	va_end(args);
}

void gj_diag_seek(gj_diag *d, const char *module, const char *name)
{
	d->module = copy(module);
	d->sought = copy(name);
}

void gj_diag_at(gj_diag *d, const gj_frame *frames, int n)
{
	clear_frames(d);
	d->nframes = n < GJ_DIAG_FRAMES ? n : GJ_DIAG_FRAMES;
	for (int i = 0; i < d->nframes; i++)
		d->frame[i] = (gj_frame){ copy(frames[i].file), copy(frames[i].func), frames[i].pos };
}

/* -- Words -------------------------------------------------------------------------------------------------------------------- */

/* What messages call a kernel, which is a function for the host here; what is said of kernels as such stays. */
static const struct { const char *kernel, *function; } words[] = {
	{ "docs/kernels", "docs/kernels" }, { "a kernel with ", "a kernel with " }, { "kernels that are launched", "kernels that are launched" },
	{ "a kernel", "a compiled function" }, { "kernels", "compiled functions" }, { "Kernels", "Compiled functions" },
	{ "the kernel", "the function" }, { "this kernel", "this function" },
};

static bool ends_word(char c) { return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '(' || c == '['); }

static char *reworded(char *text)
{
	gj_sb out = { 0 };
	for (const char *p = text; p && *p;) {
		size_t i = 0, n = 0;
		for (; i < GJ_LEN(words); i++) {
			n = strlen(words[i].kernel);
			if (!strncmp(p, words[i].kernel, n) && (p == text || ends_word(p[-1])) && (words[i].kernel[n - 1] == ' ' || ends_word(p[n])))
				break;
		}
		bool found = i < GJ_LEN(words);
		if (found)
			gj_sb_puts(&out, words[i].function);
		else
			gj_sb_put(&out, p, 1);
		p += found ? n : 1;
	}
	char *s = text && !out.failed ? copy(gj_sb_str(&out)) : NULL;
	gj_sb_free(&out);
	if (!s)
		return text;
	free(text);
	return s;
}

char *gj_of_function(const char *text) { return reworded(copy(text)); }

void gj_diag_of_function(gj_diag *d)
{
	d->message = reworded(d->message);
	d->hint = reworded(d->hint);
}
