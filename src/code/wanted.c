/* The types of a call as text: by it answers are found again. */
#include "code/wanted.h"

void gj_wanted_text(const gj_wanted *w, gj_sb *out)
{
	for (uint32_t i = 0; i < w->n; i++)
		gj_sb_printf(out, "%s%s%s%s", i ? ", " : "", w->keyword[i] ? w->keyword[i] : "", w->keyword[i] ? "=" : "", w->type[i]->name);
}
