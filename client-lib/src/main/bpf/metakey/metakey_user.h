/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metakey_user.h: binds BPF objects to this host's registry, in C and C++ loaders on libbpf 1.0 and newer.
 *
 *   struct metakey_registry registry;
 *   struct metakey_message why;
 *
 *   object = bpf_object__open_file("edge.bpf.o", NULL);
 *   if (metakey_read_file(&registry, NULL, &why) || metakey_bind(object, &registry, &why))
 *       fail(why.text);
 *   bpf_object__load(object);
 *
 * It reads what the daemon has published, and needs no daemon. It registers nothing: the fields that
 * a program produces must have been registered, by `metakey register`, `metakey link` or a service.
 * Binding needs the tag that this host's metadata areas end in, which only root and the group metakey
 * may read: keep a bound object, and what was dumped of it, from everybody else.
 *
 * Every function returns 0 or a negative errno, and never waits longer than about a second. If
 * message is not null, a failure puts a sentence for people there, which says what is wrong, and
 * with which field. Nothing is kept between calls: any thread may call.
 */
#ifndef METAKEY_USER_H
#define METAKEY_USER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "metakey.h"

#define METAKEY_RUN_DEFAULT "/run/metakey"
#define METAKEY_BPFFS_DEFAULT "/sys/fs/bpf/metakey"

/* A copy of the registry at one revision. */
struct metakey_registry {
	struct metakey_header header;
	struct metakey_key keys[METAKEY_IDS]; /* by id */
	struct metakey_tag tag; /* valid if tag_error is 0 */
	int tag_error; /* why the tag could not be read: -EACCES, -ENOENT ...; 0 if it was */
};

struct metakey_message {
	char text[512];
};

/*
 * Reads registry.bin, and the file tag beside it. If only the tag cannot be read, that is not a
 * failure: tag_error says why, and metakey_bind fails with it.
 *
 * run: the folder of the published files; NULL: the environment's METAKEY_RUN, else /run/metakey.
 *
 * -ENOENT: there is no such file; -EBADMSG: it is not a registry of version 2; -EAGAIN: it was
 * being written at every try, as after a daemon's death; or an error of open(2) or read(2).
 */
static inline int metakey_read_file(struct metakey_registry *registry, const char *run,
				    struct metakey_message *message);

/*
 * Reads the pinned maps "header" and "ids", and the tag out of "tag". Needs the right to read BPF
 * maps: root, or CAP_BPF.
 *
 * bpffs: their folder; NULL: /sys/fs/bpf/metakey.
 *
 * Errors as above, or those of bpf(2).
 */
static inline int metakey_read_maps(struct metakey_registry *registry, const char *bpffs,
				    struct metakey_message *message);

/* The key that a name stands for; NULL if the name is not known, and for the kernel's own names.
 * Valid as long as the registry. */
static inline const struct metakey_key *metakey_find(const struct metakey_registry *registry,
						     const char *name);

/*
 * Binds every field of an object that is open and not yet loaded.
 *
 * -ENOENT: some fields are not registered, and message names the first. They stay unlinked: set
 * returns -ENOLINK, get -ENOENT. All others are bound, so that a tracer may go on with what is
 * there. Any other error leaves the object as it was. -EINVAL: the object has no fields, or a field
 * has another size than the registry says, or a name of the kernel's; -EBUSY: the object is loaded;
 * -EBADMSG: a record or the registry is not what it should be; tag_error, if the tag could not be
 * read.
 */
static inline int metakey_bind(struct bpf_object *object, const struct metakey_registry *registry,
			       struct metakey_message *message);

/*
 * Binds the records of a light skeleton (bpftool gen skeleton -L) that is open and not yet loaded:
 *
 *   metakey_bind_records(skeleton->rodata_metakey, sizeof(*skeleton->rodata_metakey), &registry, &why);
 *
 * or records that another loader has as bytes. Include metakey.h before the skeleton, which uses
 * struct metakey_record. Errors as above; but it cannot be seen whether the skeleton is loaded.
 */
static inline int metakey_bind_records(void *records, size_t bytes,
				       const struct metakey_registry *registry,
				       struct metakey_message *message);

/* The records of an object, open or loaded, and how many. NULL if it has none. */
static inline const struct metakey_record *metakey_records(struct bpf_object *object, size_t *count);

/*
 * Whether a record, of a bound object or out of a loaded program's map .rodata.metakey, says what the
 * registry says.
 *
 * -ENOLINK: it was never linked; -ENOENT: its name is not registered any more; -ESTALE: the
 * registry disagrees, and message tells in what: bind and load the program again; -EBADMSG: it is
 * not a record.
 */
static inline int metakey_check(const struct metakey_record *record,
				const struct metakey_registry *registry,
				struct metakey_message *message);

/* ---- From here on: the implementation. Names that end in _ may change. ---- */

#if defined(O_CLOEXEC)
#define METAKEY_OPEN_ (O_RDONLY | O_CLOEXEC)
#else
#define METAKEY_OPEN_ O_RDONLY
#endif

/* How many times a read is tried while the daemon writes: the first 100 at once, the others a
 * millisecond apart. */
#define METAKEY_TRIES_ 1100
#define METAKEY_TRIES_AT_ONCE_ 100

__attribute__((format(printf, 3, 4))) static inline int
metakey_fail_(int error, struct metakey_message *message, const char *format, ...)
{
	if (message) {
		va_list arguments;

		va_start(arguments, format);
		vsnprintf(message->text, sizeof(message->text), format, arguments);
		va_end(arguments);
	}
	return error;
}

static inline void metakey_pause_(int tried)
{
	if (tried >= METAKEY_TRIES_AT_ONCE_)
		poll(NULL, 0, 1);
}

static inline int metakey_busy_(const char *path, struct metakey_message *message)
{
	return metakey_fail_(-EAGAIN, message,
			     "%s: was being written at each of %d tries; its daemon may have died "
			     "meanwhile: start metakeyd",
			     path, METAKEY_TRIES_);
}

/* Whether a copy is a sound registry. Nothing in it is believed before this has said so. */
static inline int metakey_verify_(const struct metakey_registry *registry, const char *path,
				  struct metakey_message *message)
{
	const struct metakey_header *header = &registry->header;

	if (header->version != METAKEY_FILE_VERSION)
		return metakey_fail_(-EBADMSG, message, "%s: has version %d; known here: %d", path,
				     header->version, METAKEY_FILE_VERSION);
	if (header->layout != METAKEY_SLOTTED && header->layout != METAKEY_PACKED)
		return metakey_fail_(-EBADMSG, message,
				     "%s: layout %d is not known here; a newer daemon may have "
				     "written it: upgrade",
				     path, header->layout);
	if (header->area8 < 3 || header->area8 > 27)
		return metakey_fail_(-EBADMSG, message,
				     "%s: an area of %d bytes; 24 to 216 are allowed", path,
				     header->area8 * 8);
	for (int id = 0; id < METAKEY_IDS; id++) {
		const struct metakey_key *key = &registry->keys[id];

		if (!memchr(key->name, 0, sizeof(key->name)))
			return metakey_fail_(-EBADMSG, message,
					     "%s: the name of id %d does not end", path, id);
		if (key->id != id)
			return metakey_fail_(-EBADMSG, message,
					     "%s: id %d stands in the place of %d", path, key->id,
					     id);
	}
	return 0;
}

/* Reads all of the bytes at an offset. C11 without POSIX's names has no pread. */
static inline int metakey_read_at_(int fd, void *to, size_t bytes, size_t offset, const char *path,
				 struct metakey_message *message)
{
	ssize_t got = -1;

	if (lseek(fd, (off_t)offset, SEEK_SET) >= 0)
		got = read(fd, to, bytes);
	if (got < 0)
		return metakey_fail_(-errno, message, "%s: %s", path, strerror(errno));
	if ((size_t)got < bytes)
		return metakey_fail_(-EBADMSG, message, "%s: has %zu bytes of %zu", path,
				     offset + (size_t)got, sizeof(struct metakey_file));
	return 0;
}

/* One try, between two looks at the sequence lock. Returns 0, -EAGAIN if the daemon was writing, or
 * another error, with a message. The file is read and not mapped, as making and ending a mapping
 * takes ten times as long as copying the table. */
static inline int metakey_copy_(struct metakey_registry *registry, int fd, const char *path,
				struct metakey_message *message)
{
	const size_t header = offsetof(struct metakey_file, header);
	__u64 before, after;
	int error = metakey_read_at_(fd, &before, sizeof(before), header, path, message);

	if (error)
		return error;
	if (before & 1)
		return -EAGAIN;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	error = metakey_read_at_(fd, &registry->header, sizeof(registry->header), header, path, message);
	if (!error)
		error = metakey_read_at_(fd, registry->keys, sizeof(registry->keys),
				       offsetof(struct metakey_file, keys), path, message);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!error)
		error = metakey_read_at_(fd, &after, sizeof(after), header, path, message);
	if (error)
		return error;
	return after == before ? 0 : -EAGAIN;
}

static inline int metakey_read_open_(struct metakey_registry *registry, int fd, const char *path,
				     struct metakey_message *message)
{
	struct {
		char magic[8];
		__u32 version;
		__u32 bytes;
	} start;
	int error = metakey_read_at_(fd, &start, sizeof(start), 0, path, message);

	if (error)
		return error;
	if (memcmp(start.magic, METAKEY_FILE_MAGIC, sizeof(start.magic)))
		return metakey_fail_(-EBADMSG, message,
				     "%s: does not start with METAKEY: it is not a registry.bin", path);
	if (start.version != METAKEY_FILE_VERSION || start.bytes != sizeof(struct metakey_file))
		return metakey_fail_(-EBADMSG, message,
				     "%s: has version %u and %u bytes; known here: %d and %zu", path,
				     start.version, start.bytes, METAKEY_FILE_VERSION,
				     sizeof(struct metakey_file));
	error = -EAGAIN;
	for (int tried = 0; tried < METAKEY_TRIES_ && error == -EAGAIN; tried++) {
		metakey_pause_(tried);
		error = metakey_copy_(registry, fd, path, message);
	}
	if (error == -EAGAIN)
		return metakey_busy_(path, message);
	return error ? error : metakey_verify_(registry, path, message);
}

/* Opens a file in a folder, and leaves its path for messages. Without a message no text is made, as
 * strerror takes its time. */
static inline int metakey_open_file_(const char *run, const char *name, char *path, size_t room,
				     struct metakey_message *message)
{
	int fd;

	if (snprintf(path, room, "%s/%s", run, name) >= (int)room)
		return metakey_fail_(-ENAMETOOLONG, message, "%.60s...: the path is too long", run);
	fd = open(path, METAKEY_OPEN_);
	if (fd >= 0)
		return fd;
	return message ? metakey_fail_(-errno, message, "%s: %s", path, strerror(errno)) : -errno;
}

/* Whether the tag is sound, and stands for the registry's areas. */
static inline int metakey_verify_tag_(const struct metakey_registry *registry)
{
	static const __u8 none[METAKEY_TAG_BYTES] = { 0 };
	const struct metakey_header *header = &registry->header;
	const struct metakey_tag *tag = &registry->tag;

	if (tag->magic != METAKEY_TAG_MAGIC || tag->version != METAKEY_TAG_VERSION ||
	    !memcmp(tag->tag, none, sizeof(none)))
		return -EBADMSG;
	if (memcmp(tag->registry_id, header->registry_id, sizeof(tag->registry_id)) ||
	    tag->layout != header->layout || tag->area8 != header->area8)
		return -ESTALE; /* one of the two is older */
	return 0;
}

static inline int metakey_read_tag_(struct metakey_registry *registry, const char *run)
{
	char path[4096];
	int fd = metakey_open_file_(run, "tag", path, sizeof(path), NULL), error;

	if (fd < 0)
		return fd;
	error = metakey_read_at_(fd, &registry->tag, sizeof(registry->tag), 0, path, NULL);
	close(fd);
	return error ? error : metakey_verify_tag_(registry);
}

static inline int metakey_read_file(struct metakey_registry *registry, const char *run,
				    struct metakey_message *message)
{
	char path[4096];
	int fd, error = 0;

	if (!run)
		run = getenv("METAKEY_RUN");
	if (!run || !*run)
		run = METAKEY_RUN_DEFAULT;
	registry->tag_error = -ESTALE;
	for (int tried = 0; tried < METAKEY_TRIES_ && registry->tag_error == -ESTALE; tried++) {
		metakey_pause_(tried);
		fd = metakey_open_file_(run, "registry.bin", path, sizeof(path), message);
		if (fd < 0)
			return fd;
		error = metakey_read_open_(registry, fd, path, message);
		close(fd);
		if (error)
			return error;
		registry->tag_error = metakey_read_tag_(registry, run);
	}
	return 0;
}

/* Opens a pin for reading only. Pins are 0644, so CAP_BPF is enough for this, and root is not needed. */
static inline int metakey_get_pinned_(const char *path)
{
	struct bpf_obj_get_opts options;

	memset(&options, 0, sizeof(options));
	options.sz = sizeof(options);
	options.file_flags = BPF_F_RDONLY;
	return bpf_obj_get_opts(path, &options);
}

/* Opens a pinned map whose values have this size. */
static inline int metakey_open_map_(const char *bpffs, const char *name, size_t value_bytes,
				    struct metakey_message *message)
{
	struct bpf_map_info info;
	__u32 info_bytes = sizeof(info);
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", bpffs, name) >= (int)sizeof(path))
		return metakey_fail_(-ENAMETOOLONG, message, "%.60s...: the path is too long", bpffs);
	fd = metakey_get_pinned_(path);
	if (fd < 0)
		return metakey_fail_(fd == -1 ? -errno : fd, message, "%s: %s", path,
				     strerror(errno));
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &info_bytes) || info.key_size != sizeof(__u32) ||
	    info.value_size != value_bytes) {
		close(fd);
		return metakey_fail_(-EBADMSG, message,
				     "%s: is not a map with keys of 4 bytes and values of %zu", path,
				     value_bytes);
	}
	return fd;
}

/* Reads once: 0, -EAGAIN if the daemon was writing, or the error of bpf(2). */
static inline int metakey_copy_maps_(struct metakey_registry *registry, int header, int ids)
{
	struct metakey_header after;
	__u32 zero = 0;

	if (bpf_map_lookup_elem(header, &zero, &registry->header))
		return -errno;
	if (registry->header.seq & 1)
		return -EAGAIN;
	for (__u32 id = 0; id < METAKEY_IDS; id++)
		if (bpf_map_lookup_elem(ids, &id, &registry->keys[id]))
			return -errno;
	if (bpf_map_lookup_elem(header, &zero, &after))
		return -errno;
	return memcmp(&after, &registry->header, sizeof(after)) ? -EAGAIN : 0;
}

static inline int metakey_read_tag_map_(struct metakey_registry *registry, const char *bpffs)
{
	int fd = metakey_open_map_(bpffs, "tag", sizeof(struct metakey_tag), NULL), error = 0;
	__u32 zero = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &zero, &registry->tag))
		error = -errno;
	close(fd);
	return error ? error : metakey_verify_tag_(registry);
}

/* Reads the maps once they are consistent. */
static inline int metakey_read_registry_maps_(struct metakey_registry *registry, const char *bpffs,
					      struct metakey_message *message)
{
	int error = -EAGAIN, header, ids;

	header = metakey_open_map_(bpffs, "header", sizeof(struct metakey_header), message);
	if (header < 0)
		return header;
	ids = metakey_open_map_(bpffs, "ids", sizeof(struct metakey_key), message);
	if (ids < 0) {
		close(header);
		return ids;
	}
	for (int tried = 0; tried < METAKEY_TRIES_ && error == -EAGAIN; tried++) {
		metakey_pause_(tried);
		error = metakey_copy_maps_(registry, header, ids);
	}
	close(ids);
	close(header);
	if (error == -EAGAIN)
		return metakey_busy_(bpffs, message);
	if (error)
		return metakey_fail_(error, message, "%s: %s", bpffs, strerror(-error));
	return metakey_verify_(registry, bpffs, message);
}

static inline int metakey_read_maps(struct metakey_registry *registry, const char *bpffs,
				    struct metakey_message *message)
{
	if (!bpffs)
		bpffs = METAKEY_BPFFS_DEFAULT;
	registry->tag_error = -ESTALE;
	for (int tried = 0; tried < METAKEY_TRIES_ && registry->tag_error == -ESTALE; tried++) {
		int error;

		metakey_pause_(tried);
		error = metakey_read_registry_maps_(registry, bpffs, message);
		if (error)
			return error;
		registry->tag_error = metakey_read_tag_map_(registry, bpffs);
	}
	return 0;
}

/* Whether the key's name stands for it. */
static inline int metakey_stands_(const struct metakey_key *key)
{
	return key->state == METAKEY_ACTIVE || (key->foreign && key->state != METAKEY_FREE);
}

static inline const struct metakey_key *metakey_find(const struct metakey_registry *registry,
						     const char *name)
{
	/* A freed id keeps the name that it had, which may have another id by now: so the state decides. */
	for (int id = 0; id < METAKEY_IDS; id++) {
		const struct metakey_key *key = &registry->keys[id];

		if (*key->name && metakey_stands_(key) && !strcmp(key->name, name))
			return key;
	}
	return NULL;
}

static inline struct bpf_map *metakey_map_(struct bpf_object *object)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
		if (!strcmp(bpf_map__name(map), METAKEY_SECTION))
			return map;
	return NULL;
}

static inline const struct metakey_record *metakey_records(struct bpf_object *object, size_t *count)
{
	struct bpf_map *map = metakey_map_(object);
	const void *records = NULL;
	size_t bytes = 0;

	if (map)
		records = bpf_map__initial_value(map, &bytes);
	*count = bytes / sizeof(struct metakey_record);
	return (const struct metakey_record *)records;
}

static inline int metakey_verify_record_(const struct metakey_record *record,
					 struct metakey_message *message)
{
	if (record->magic != METAKEY_RECORD_MAGIC || record->version != METAKEY_RECORD_VERSION)
		return metakey_fail_(-EBADMSG, message,
				     "a record of %s has magic 0x%08x and version %d; known here: "
				     "0x%08x and %d",
				     METAKEY_SECTION, record->magic, record->version,
				     METAKEY_RECORD_MAGIC, METAKEY_RECORD_VERSION);
	if (record->size != 2 && record->size != 4 && record->size != 8)
		return metakey_fail_(-EBADMSG, message,
				     "a record of %s has size %d; a value has 2, 4 or 8 bytes",
				     METAKEY_SECTION, record->size);
	if (!memchr(record->name, 0, sizeof(record->name)))
		return metakey_fail_(-EBADMSG, message, "a record of %s has a name that does not end",
				     METAKEY_SECTION);
	return 0;
}

static inline int metakey_no_tag_(int error, struct metakey_message *message)
{
	return metakey_fail_(error, message,
			     "the tag that this host's metadata areas end in cannot be read (%s): it is "
			     "in the file tag beside registry.bin and in the pinned map tag, for root and "
			     "the group metakey; see that metakeyd publishes it, and run as one of them",
			     strerror(-error));
}

/* Fills in what follows the name. -ENOENT: the name is not registered, and the record stays
 * unlinked. */
static inline int metakey_bind_record_(struct metakey_record *record,
				       const struct metakey_registry *registry,
				       struct metakey_message *message)
{
	const struct metakey_header *header = &registry->header;
	const struct metakey_key *key;
	int error = metakey_verify_record_(record, message);

	if (error)
		return error;
	if (!strncmp(record->name, "kernel.", 7))
		return metakey_fail_(-EINVAL, message,
				     "field %s: is given by the kernel and is in no metadata area; "
				     "use metakey_hints.bpf.h",
				     record->name);
	memset(&record->mark, 0, sizeof(*record) - offsetof(struct metakey_record, mark));
	key = metakey_find(registry, record->name);
	if (!key)
		return metakey_fail_(-ENOENT, message,
				     "field %s: is not registered on this host; start the service "
				     "that owns it, or: metakey register %s --size %d",
				     record->name, record->name, record->size);
	if (key->size != record->size)
		return metakey_fail_(-EINVAL, message,
				     "field %s: the program says %d bytes, the registry %d; use the "
				     "registry's size or another name",
				     record->name, record->size, key->size);
	if (header->layout == METAKEY_SLOTTED &&
	    (key->slot < 16 + key->size || key->slot > header->area8 * 8 || key->slot % key->size))
		return metakey_fail_(-EBADMSG, message,
				     "field %s: slot %d does not fit an area of %d bytes",
				     record->name, key->slot, header->area8 * 8);
	memcpy(record->mark.tag, registry->tag.tag, sizeof(record->mark.tag));
	record->layout = header->layout;
	record->area8 = header->area8;
	memcpy(record->registry_id, header->registry_id, sizeof(record->registry_id));
	record->generation = key->generation;
	record->slot = header->layout == METAKEY_SLOTTED ? (__u8)key->slot : 0;
	record->id = key->id;
	return 0;
}

static inline int metakey_bind_all_(struct metakey_record *records, size_t count,
				    const struct metakey_registry *registry,
				    struct metakey_message *message)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		struct metakey_message *where = result ? NULL : message; /* the first failure is told */
		int error = metakey_bind_record_(&records[i], registry, where);

		if (error && error != -ENOENT)
			return metakey_bind_record_(&records[i], registry, message);
		if (error)
			result = error;
	}
	return result;
}

/* A copy to bind, so that a failure leaves the records as they were. */
static inline struct metakey_record *metakey_copy_records_(const void *records, size_t bytes,
							   struct metakey_message *message)
{
	struct metakey_record *copy = (struct metakey_record *)malloc(bytes);

	if (copy)
		memcpy(copy, records, bytes);
	else
		metakey_fail_(-ENOMEM, message, "no memory for %zu records",
			      bytes / sizeof(struct metakey_record));
	return copy;
}

static inline int metakey_bind_records(void *records, size_t bytes,
				       const struct metakey_registry *registry,
				       struct metakey_message *message)
{
	struct metakey_record *copy;
	int error;

	if (!records || !bytes || bytes % sizeof(*copy))
		return metakey_fail_(-EINVAL, message,
				     "%zu bytes are not records of %zu bytes each, as " METAKEY_SECTION
				     " of the object has them",
				     records ? bytes : 0, sizeof(*copy));
	if (registry->tag_error)
		return metakey_no_tag_(registry->tag_error, message);
	copy = metakey_copy_records_(records, bytes, message);
	if (!copy)
		return -ENOMEM;
	error = metakey_bind_all_(copy, bytes / sizeof(*copy), registry, message);
	if (!error || error == -ENOENT)
		memcpy(records, copy, bytes);
	free(copy);
	return error;
}

static inline int metakey_bind(struct bpf_object *object, const struct metakey_registry *registry,
			       struct metakey_message *message)
{
	struct bpf_map *map = metakey_map_(object);
	const struct metakey_record *found;
	struct metakey_record *records;
	size_t count, bytes;
	int error;

	found = metakey_records(object, &count);
	if (!map || !found || !count)
		return metakey_fail_(-EINVAL, message,
				     "the object has no section %s: no METAKEY_PRODUCES or "
				     "METAKEY_CONSUMES is in it",
				     METAKEY_SECTION);
	if (bpf_map__fd(map) >= 0)
		return metakey_fail_(-EBUSY, message,
				     "the object is loaded already; bind it before bpf_object__load");
	bytes = count * sizeof(*records);
	records = metakey_copy_records_(found, bytes, message);
	if (!records)
		return -ENOMEM;
	error = metakey_bind_records(records, bytes, registry, message);
	if ((!error || error == -ENOENT) && bpf_map__set_initial_value(map, records, bytes))
		error = metakey_fail_(-EBADMSG, message, "%s: is not an array of records of %zu bytes",
				      METAKEY_SECTION, sizeof(*records));
	free(records);
	return error;
}

static inline int metakey_check(const struct metakey_record *record,
				const struct metakey_registry *registry,
				struct metakey_message *message)
{
	struct metakey_record now;
	const char *what = NULL;
	int error = metakey_verify_record_(record, message);

	if (error)
		return error;
	if (!record->layout)
		return metakey_fail_(-ENOLINK, message,
				     "field %s: was never linked; bind it before the object is loaded",
				     record->name);
	now = *record;
	error = metakey_bind_record_(&now, registry, message);
	if (error)
		return error == -EINVAL ? -ESTALE : error;
	if (memcmp(now.registry_id, record->registry_id, sizeof(now.registry_id)))
		what = "another registry";
	else if (now.layout != record->layout || now.area8 != record->area8)
		what = "another layout or area";
	else if (!registry->tag_error && memcmp(&now.mark, &record->mark, sizeof(now.mark)))
		what = "another tag";
	else if (now.id != record->id || now.slot != record->slot)
		what = "another place";
	else if (now.generation != record->generation)
		what = "a newer generation";
	if (what)
		return metakey_fail_(-ESTALE, message,
				     "field %s: the registry has %s; bind and load the program again",
				     record->name, what);
	return 0;
}

#endif /* METAKEY_USER_H */
