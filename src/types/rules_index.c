/* Typing of array indexing: which layout is left. A layout is kept only where the type alone proves it, as in numba:
 * in the order of memory, integers may be followed by one contiguous slice. */
#include "types/record.h"

#include <string.h>

/* Do the items, outermost dimension of memory first, leave a contiguous piece? `step`: direction of reading. */
static bool keeps_order(const char *item, int n, int step)
{
	for (int i = 0; i < n; i++, item += step) {
		bool last = i == n - 1;
		if (*item != 'i' && !(last && (*item == ':' || *item == 's')))
			return false;
	}
	return true;
}

/* `all`: every dimension has an item of its own, so that an ellipsis stands for none. */
static char layout_after(const gj_type *t, const char *left, int nleft, const char *right, int nright, bool all)
{
	char both[GJ_MAX_NDIM];
	if (all) {
		memcpy(both, left, (size_t)nleft);
		memcpy(both + nleft, right, (size_t)nright);
		nleft += nright;
		nright = 0;
		left = both;
	}
	if (t->layout == 'C')
		return !nright && keeps_order(left, nleft, 1) ? 'C' : 'A';
	if (t->layout != 'F')
		return 'A';
	if (all)
		return keeps_order(left + nleft - 1, nleft, -1) ? 'F' : 'A';
	return !nleft && (!nright || keeps_order(right + nright - 1, nright, -1)) ? 'F' : 'A';
}

const gj_type *gj_rule_index(const gj_type *t, const char *items)
{
	if (t->kind != GJ_ARRAY)
		return NULL;
	size_t n = strlen(items), nleft = strcspn(items, ".");
	bool ellipsis = nleft < n;
	const char *right = items + nleft + ellipsis;
	if (ellipsis && strchr(right, '.'))
		return NULL;
	int used = 0, ints = 0, fresh = 0;
	for (size_t i = 0; i < n; i++) {
		if (!strchr("i:sS.n", items[i]))
			return NULL;
		ints += items[i] == 'i';
		fresh += items[i] == 'n';
		used += items[i] != 'n' && items[i] != '.';
	}
	int ndim = t->ndim - ints + fresh;
	if (used > t->ndim || ndim > GJ_MAX_NDIM)
		return NULL;
	if (ndim == 0 && (ints || !ellipsis))
		return gj_item_type(t);
	int nright = (int)strlen(right) * ellipsis;
	char layout = fresh ? 'A' : layout_after(t, items, (int)nleft, right, nright, used == t->ndim);
	return gj_array_in(t->elem, ndim, layout, t);
}

const gj_type *gj_item_type(const gj_type *t)
{
	return t->elem->kind == GJ_RECORD ? gj_ref_type(t->elem, t->readonly, (gj_space)t->space, t->align) : t->elem;
}

const gj_type *gj_rule_transpose(const gj_type *t)
{
	if (t->kind != GJ_ARRAY)
		return NULL;
	if (t->ndim < 2 || t->layout == 'A')
		return t;
	return gj_array_in(t->elem, t->ndim, t->layout == 'C' ? 'F' : 'C', t);
}
