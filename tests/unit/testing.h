/* testing.h - what most unit tests begin with: cmocka with what it wants, and chance
   from a seed. */

#ifndef LOTERIA_TESTING_H
#define LOTERIA_TESTING_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

#endif
