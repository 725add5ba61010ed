/* Arrays of other libraries. */
#ifndef GJ_FOREIGN_H
#define GJ_FOREIGN_H

#include "launch/leaves.h"

/* How a class of arguments is read. `aux`: what classify found out (a DLPack table …). */
typedef struct gj_reader gj_reader;
struct gj_reader {
	PyTypeObject *cls;
	bool (*read)(gj_args *, PyObject *, const void *aux);
	void *aux;
	bool plain;                                /* nobody else's code runs meanwhile */
};
/* Fills read and aux for a foreign array class; read stays NULL when the object is none. false: exception. */
bool gj_foreign_classify(PyObject *, gj_reader *);

#endif
