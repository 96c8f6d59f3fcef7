/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "output.h"

int output_check(const char *option, const char *path, const char *source)
{
	struct stat in, out;

	if (!path || !source || stat(source, &in) || stat(path, &out) ||
	    in.st_dev != out.st_dev || in.st_ino != out.st_ino)
		return 0;
	return error("%s %s would replace the dump that is read: name another file", option, path);
}

int output_check_svg(const char *path)
{
	static const char begin[] = "<svg";
	char bytes[sizeof(begin) - 1];
	struct stat st;
	FILE *f = !stat(path, &st) && S_ISREG(st.st_mode) ? fopen(path, "rbe") : NULL;
	size_t len;

	if (!f)
		return 0;
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	if (!len || (len == sizeof(bytes) && !memcmp(bytes, begin, len)))
		return 0;
	return error("'%s' exists and is no picture of --svg: what follows --svg is the file to write, and the "
		     "dump to draw comes after it", path);
}

int output_close(FILE *f, const char *path, int err)
{
	struct stat st;
	bool is_file = !fstat(fileno(f), &st) && S_ISREG(st.st_mode);

	if (fclose(f) && !err)
		err = error_errno("cannot write '%s'", path);
	/* A part of it is worse than nothing; a device is not removed. */
	if (err && is_file)
		unlink(path);
	return err;
}
