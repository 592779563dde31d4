/*
 * sound.h
 *		Whether columns of a row are sound, alone and together.
 */
#ifndef RESTATE_SOUND_H
#define RESTATE_SOUND_H

#include "postgres.h"

/* a column of the row, null or not */
typedef const NullableDatum *Column;

/* a column alone */
extern bool column_is_text(Column column, const char *value);
extern bool column_is_at_least(Column column, int64 least);
extern bool column_is_u32(Column column);
extern bool column_is_json_object(Column column);
extern bool column_is_json_array(Column column);
extern bool column_is_service_ty(Column column);

/* columns together */
extern bool status_is_sound(Column status, Column inbox_number, Column completions, Column signals);
extern bool completion_is_sound(Column status, Column result, Column failure);
extern bool target_is_sound(Column service_ty, Column service_key, Column handler_ty);
extern bool origin_is_sound(Column invoked_by, Column restarted_from, Column request_id);
extern bool pinned_is_sound(Column deployment, Column version);
extern bool journal_size_is_sound(Column size, Column commands);
extern bool retention_is_sound(Column completion, Column journal);

#endif /* RESTATE_SOUND_H */
