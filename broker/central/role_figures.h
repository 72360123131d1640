/* role_figures.h - what storage says of the engine that keeps the log, as metrics of
   loteria-central: a standby's storage itself listens nowhere. Pure. */

#ifndef LOTERIA_ROLE_FIGURES_H
#define LOTERIA_ROLE_FIGURES_H

#include "metrics.h"
#include "role.h"

void role_figures_put (const role_t *role, metrics_page_t *page);

#endif
