/*
 * cppcheck.h
 *		The server's macros that cppcheck cannot take for functions; it does not
 *		read the server's headers.
 */
#define PG_FUNCTION_INFO_V1(name) extern int pg_finfo_##name(void)
#define PG_MODULE_MAGIC extern int pg_magic(void)
#define pg_attribute_noreturn() __attribute__((noreturn))
#define pg_attribute_printf(f, a)
#define pg_unreachable() __builtin_unreachable()
#define foreach(cell, list) for (cell = list_head(list); cell; cell = lnext(list, cell))
#define forboth(cell1, list1, cell2, list2) \
	for (cell1 = list_head(list1), cell2 = list_head(list2); cell1 && cell2; \
		 cell1 = lnext(list1, cell1), cell2 = lnext(list2, cell2))
#define PG_TRY() if (1) {
#define PG_CATCH() } else {
#define PG_FINALLY() } {
#define PG_END_TRY() }
#define CppAsString2(x) "x"
#define UINT64CONST(x) (x##UL)
#define INT64_FORMAT "%ld"
#define UINT64_FORMAT "%lu"
