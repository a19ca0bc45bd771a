// The weather of a city, year by year: a flow that is a Node program.
//
// Parameters: `csv`, a file or an address with columns date, precipitation and temp_max; `years`, which ones (all).
// Reads the file in one task, looks at each year in a task of its own, and leaves the years, the wettest first, as the
// run's result. The README says how it is deployed.

import { readFile } from "node:fs/promises";

import { all, parameters, result, task } from "./orch.js";

async function read(source) {
  if (!/^https?:/.test(source)) return readFile(source, "utf8");
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`${source} answers ${answer.status} ${answer.statusText}`);
  return answer.text();
}

function parse(text) {
  const [names, ...rows] = text.trim().split(/\r?\n/).map((line) => line.split(","));
  return rows.map((row) => Object.fromEntries(row.map((value, column) => [names[column], value])));
}

function yearOf(day) {
  return Number(day.date.match(/\d{4}/)[0]);
}

function summary(year, days) {
  const rain = days.reduce((sum, day) => sum + Number(day.precipitation), 0);
  const hottest = days.reduce((best, day) => (Number(day.temp_max) > Number(best.temp_max) ? day : best));
  return {
    year,
    days: days.length,
    rain_mm: Math.round(rain),
    hottest: { date: hottest.date, celsius: Number(hottest.temp_max) },
  };
}

if (!parameters.csv) throw new Error("the parameter csv is missing: a file or an address");

const reading = task("read", async (log) => {
  const days = parse(await read(parameters.csv));
  await log(`${days.length} days in ${parameters.csv}`);
  return days;
});
const days = await reading;

const wanted = parameters.years ?? [...new Set(days.map(yearOf))];
const years = await all(
  wanted.map((year) =>
    task(`summarise ${year}`, async (log) => {
      const found = days.filter((day) => yearOf(day) === year);
      if (found.length === 0) throw new RangeError(`there is no day of ${year} in ${parameters.csv}`);
      await log(`${found.length} days`);
      return summary(year, found);
    }, { after: [reading] }),
  ),
);

years.sort((one, other) => other.rain_mm - one.rain_mm);
result(years);
for (const { year, rain_mm, hottest } of years) {
  console.log(`${year}: ${rain_mm} mm of rain, at most ${hottest.celsius} °C (${hottest.date})`);
}
