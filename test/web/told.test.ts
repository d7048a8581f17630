/** Sentences of the server in Korean. */
import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findings } from "../../src/web/texts/told/findings.ts";
import { notices } from "../../src/web/texts/told/notices.ts";
import { rejects } from "../../src/web/texts/told/rejects.ts";
import { inKorean } from "../../src/web/texts/told/told.ts";

const SOURCE = join(import.meta.dir, "../../src");

/** The program but for the page. */
async function readSource(): Promise<string> {
  const names = await readdir(SOURCE, { recursive: true });
  const ours = names.filter((name) => name.endsWith(".ts") && !name.startsWith("web/"));
  const texts = await Promise.all(ours.map((name) => readFile(join(SOURCE, name), "utf8")));
  return texts.join("\n").replaceAll("\\`", "`");
}

test("what the server says of rows, uploads and the lake is said in Korean, with what it names", () => {
  const said = {
    'no raw asset with source_name "없는 쪽.jpg" in hub/영수증':
      '이 데이터셋에 가리키는 원본이 없습니다: source_name "없는 쪽.jpg". 이름을 고치거나 원본을 먼저 올리세요.',
    "damaged JPEG: it has no frame header": "손상된 JPEG 파일입니다. 원본 파일을 다시 구해 올리세요.",
    "damaged PDF: it has no page": "손상된 PDF입니다. 페이지가 없습니다.",
    "mask[2]: the image is empty": "mask[2]: 내용이 비어 있습니다.",
    "line 7: 3 cells, and the header has 4": "7번째 줄의 칸은 3개인데 머리글의 칸은 4개입니다.",
    "the variant v3 is new; one of a like name is there: v2":
      "새 배리언트 v3과 비슷한 이름이 이미 있습니다: v2",
    "the numbers of 번호 are kept as text, as written: neither int64 nor double holds all of them exactly":
      "번호 열의 숫자는 쓰인 그대로 텍스트로 저장합니다. int64나 double로는 모두 정확히 담을 수 없습니다.",
    "read as CSV in CP949 (EUC-KR), with commas between cells and double quotes around them (--encoding, --delimiter and --quote override this)":
      "CSV를 CP949 (EUC-KR) 인코딩으로 읽었습니다. 칸을 나누는 문자: commas, 칸을 둘러싸는 문자: double quotes",
    "the durations of t are kept as whole numbers of seconds":
      "t 열의 시간 간격은 정수로 저장합니다. 단위: seconds",
    "the values of v come back as FLOAT[]: of their extension type arrow.fixed_shape_tensor nothing is kept":
      "v 열의 값은 FLOAT[] 형식으로 저장하며 Arrow 확장 형식은 저장하지 않습니다: arrow.fixed_shape_tensor",
    "uploads have failed: 3, the first is u1\n(more)": "실패한 업로드가 있습니다.",
    "temporary files are older than a day: 3, the first is a\nb":
      "하루가 지난 임시 파일이 있습니다: 3개, 처음은 a\nb",
  };
  for (const [english, korean] of Object.entries(said)) expect(inKorean(english)).toBe(korean);
  for (const unknown of ["", "x", "something else: happened", "constructor"])
    expect(inKorean(unknown)).toBeUndefined();
});

test("every sentence is one of the program, and names in Korean only what it names in English", async () => {
  const source = await readSource();
  for (const [english, korean] of [...rejects, ...notices, ...findings]) {
    const parts = english.split("{}");
    // Words of a sentence may be put together in the program.
    const wording = parts.flatMap((part) => part.split(/: |; |, /)).filter((part) => part.length > 14);
    const strange = wording.filter((part) => !source.includes(part.trim()) && !isPutTogether(part));
    expect({ english, strange }).toEqual({ english, strange: [] });
    for (const [, number] of korean.matchAll(/\{(\d)\}/g)) {
      expect({ english, isNamed: Number(number) < parts.length }).toEqual({ english, isNamed: true });
    }
    const example = parts.join("x");
    expect(inKorean(example)).toBeDefined();
  }
});

/** Singular and plural, and the names of what is new. */
function isPutTogether(part: string): boolean {
  return /like name is there|JSON file|no label|matched with a page|left out|beside the|metadata does not|is new/.test(
    part,
  );
}

test("what an examination finds and what follows from a mount is known in Korean", async () => {
  const findingsOf = async (path: string, pattern: RegExp) =>
    Array.from((await readFile(join(SOURCE, path), "utf8")).matchAll(pattern), ([, text]) => text as string);
  const checks = await readdir(join(SOURCE, "doctor"));
  const places = /placesFinding\(\s*"\w+",\s*[\w.]+,\s*"([^"]+)"/g;
  const found = (await Promise.all(checks.map((name) => findingsOf(`doctor/${name}`, places)))).flat();
  expect(found.length).toBeGreaterThan(20);
  for (const text of found)
    expect([text, inKorean(`${text}: 2, the first is x`)]).not.toEqual([text, undefined]);
  const mount = await readFile(join(SOURCE, "lake/mount-words.ts"), "utf8");
  const [, follows = ""] = /export function whatFollows(.*?)\n}\n/s.exec(mount) ?? [];
  for (const [, text = ""] of follows.matchAll(/"([a-z][^"]{30,})"/g))
    expect([text, inKorean(text)]).not.toEqual([text, undefined]);
});
