/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Done here because gmtime_r() takes a lock of the whole process, and may allocate.
 */
#include <stdbool.h>
#include <string.h>

#include "http/date.h"

static bool
is_leap(uint32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static uint32_t
days_in_year(uint32_t year)
{
	return is_leap(year) ? 366 : 365;
}

static uint32_t
days_in_month(uint32_t month, uint32_t year)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month] + (month == 1 && is_leap(year));
}

static void
put_2(char *to, uint32_t n)
{
	to[0] = (char)('0' + n / 10);
	to[1] = (char)('0' + n % 10);
}

static void
put_day(char *text, uint32_t days)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* from 1 January 1970 on */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint32_t year = 1970, month = 0;

	memcpy(text, weekdays + days % 7 * 3, 3);
	for (; days >= days_in_year(year); year++)
		days -= days_in_year(year);
	for (; days >= days_in_month(month, year); month++)
		days -= days_in_month(month, year);
	put_2(text + 5, days + 1);
	memcpy(text + 8, months + 3 * (size_t)month, 3);
	put_2(text + 12, year / 100);
	put_2(text + 14, year % 100);
}

void
date_print(char text[DATE_BYTES], uint32_t seconds)
{
	enum { DAY = 86400 };
	uint32_t second = seconds % DAY;

	memcpy(text, "ddd, dd mmm yyyy hh:mm:ss GMT", DATE_BYTES);
	put_day(text, seconds / DAY);
	put_2(text + 17, second / 3600);
	put_2(text + 20, second / 60 % 60);
	put_2(text + 23, second % 60);
}
