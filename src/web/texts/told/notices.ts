/** What is said of an upload that has arrived, as `rejects`. */
export const notices: readonly (readonly [english: string, korean: string])[] = [
  [
    "the provider {} is new; one of a like name is there: {}",
    "새 프로바이더 {1}과 비슷한 이름이 이미 있습니다: {2}",
  ],
  [
    "the dataset {} is new; one of a like name is there: {}",
    "새 데이터셋 {1}과 비슷한 이름이 이미 있습니다: {2}",
  ],
  ["the task {} is new; one of a like name is there: {}", "새 태스크 {1}과 비슷한 이름이 이미 있습니다: {2}"],
  [
    "the variant {} is new; one of a like name is there: {}",
    "새 배리언트 {1}과 비슷한 이름이 이미 있습니다: {2}",
  ],
  ["columns are stored in lower snake_case: {}", "열 이름을 소문자와 밑줄로 바꾸어 저장합니다: {1}"],
  ["dropped {}: the partition states it", "{1} 열은 저장하지 않습니다. 파티션의 이름이 말해 줍니다."],
  ["dropped {}: the rows have images of their own", "{1} 열은 저장하지 않습니다. 행에 이미지가 있습니다."],
  [
    "dropped {}: rows refer to pages by {}",
    "{1} 열은 저장하지 않습니다. 행이 페이지를 가리키는 열은 {2}입니다.",
  ],
  [
    "the column {} is stored as {}: the lake has a column of that name itself",
    "{1} 열의 이름은 레이크가 쓰므로 바꾸어 저장합니다: {2}",
  ],
  [
    "the column {} is stored as image: it is the first column with images",
    "이미지가 있는 첫 열인 {1} 열을 image로 저장합니다.",
  ],
  [
    "the values of {} are kept as JSON text: they are of several types",
    "{1} 열의 값은 형식이 여러 가지여서 JSON 텍스트로 저장합니다.",
  ],
  [
    "the numbers of {} are kept as text: the partition has text there",
    "{1} 열은 파티션에 텍스트로 있어서 숫자도 텍스트로 저장합니다.",
  ],
  [
    "the texts of {} are in quotes, as JSON text; nothing says so of the text in {}",
    "{1} 열의 텍스트는 JSON 텍스트여서 따옴표 안에 있습니다. {2}의 텍스트는 그렇지 않을 수 있습니다.",
  ],
  [
    "the texts of {} are kept as JSON text: the partition has values of several types there",
    "{1} 열은 파티션에 여러 형식의 값이 있어서 텍스트도 JSON 텍스트로 저장합니다.",
  ],
  [
    "the numbers of {} are kept as text, as written: neither int64 nor double holds all of them exactly",
    "{1} 열의 숫자는 쓰인 그대로 텍스트로 저장합니다. int64나 double로는 모두 정확히 담을 수 없습니다.",
  ],
  [
    "read as CSV in {}, with {} between cells and {} around them (--encoding, --delimiter and --quote override this)",
    "CSV를 {1} 인코딩으로 읽었습니다. 칸을 나누는 문자: {2}, 칸을 둘러싸는 문자: {3}",
  ],
  [
    "the list is taken as tasks of Label Studio: each is the label of the page that its {} says",
    "Label Studio의 태스크 목록으로 읽었습니다. 페이지를 가리키는 키: {1}",
  ],
  [
    "the times of {} are kept as text: they are finer than microseconds",
    "{1} 열의 시각은 마이크로초보다 세밀해서 텍스트로 저장합니다.",
  ],
  [
    "the cells of {} are kept as text, as written: the partition has text there",
    "{1} 열은 파티션에 텍스트로 있어서 쓰인 그대로 텍스트로 저장합니다.",
  ],
  [
    "the durations of {} are kept as whole numbers of {}",
    "{1} 열의 시간 간격은 정수로 저장합니다. 단위: {2}",
  ],
  [
    "the values of {} come back as {}: of their extension type {} nothing is kept",
    "{1} 열의 값은 {2} 형식으로 저장하며 Arrow 확장 형식은 저장하지 않습니다: {3}",
  ],
  ["the text is read as {}", "텍스트를 {1} 인코딩으로 읽었습니다."],
  ["the empty key of the objects becomes {}", "이름이 없는 키에 이름을 붙입니다: {1}"],
  [
    "column {} has no name in the header and becomes {}",
    "머리글에 이름이 없는 {1}번째 열에 이름을 붙입니다: {2}",
  ],
  [
    "{} NaN or Infinity inside a list or an object: null instead, because JSON has no such numbers",
    "목록이나 객체 안의 NaN과 Infinity는 JSON에 없는 수여서 null이 됩니다.",
  ],
  [
    "NaN or Infinity inside {} in {}: null instead, because JSON has no such numbers",
    "{1} 열의 객체 안에 있는 NaN과 Infinity는 JSON에 없는 수여서 null이 됩니다.",
  ],
  [
    "the numbers of {} have no names here and become labels of {} ({})",
    "{1} 열의 번호는 여기에 이름이 없어 {2}의 라벨이 됩니다: {3}",
  ],
  [
    "the numbers of {} have no names in {}: those of this upload ({}) are not kept",
    "{1} 열의 번호는 {2}에 이름이 없어 이 업로드의 이름을 저장하지 않습니다: {3}",
  ],
  [
    "the numbers of {} are plain here and become durations in {} of {}",
    "{1} 열의 수는 여기에 단위가 없어 {3}의 duration이 됩니다: {2}",
  ],
  [
    "the numbers of {} are plain in {}: that those of this upload are durations in {} is not kept",
    "{1} 열의 수는 {2}에 단위가 없어 이 업로드의 단위를 저장하지 않습니다: {3}",
  ],
  [
    "the names of the labels in {} ({}) are not kept: it is stored as JSON with the numbers",
    "{1} 열은 번호만 든 JSON으로 저장하므로 라벨의 이름은 저장하지 않습니다: {2}",
  ],
  [
    "the names of the labels in {} ({}) are not kept: only 64-bit integers keep them",
    "{1} 열은 64비트 정수가 아니어서 라벨의 이름을 저장하지 않습니다: {2}",
  ],
  [
    "{} has {} pages, and others have several; each file becomes one row, with --split-pages each page does",
    "{2}쪽인 {1}처럼 여러 쪽인 파일이 있습니다. 파일마다 한 행이 됩니다. 쪽마다 행으로 나누도록 고를 수도 있습니다.",
  ],
  [
    "{} has {} pages; each file becomes one row, with --split-pages each page does",
    "{2}쪽인 파일이 있습니다: {1}. 파일마다 한 행이 됩니다. 쪽마다 행으로 나누도록 고를 수도 있습니다.",
  ],
  ["{} files beside the tables are left out: {}", "테이블 옆의 다른 파일 {1}개는 올리지 않습니다: {2}"],
  ["{} file beside the tables is left out: {}", "테이블 옆의 다른 파일 {1}개는 올리지 않습니다: {2}"],
  [
    "{} file beside the images is not an image and is left behind: {}",
    "이미지가 아닌 파일 {1}개는 올리지 않습니다: {2}",
  ],
  [
    "{} files beside the images are not images and are left behind: {}",
    "이미지가 아닌 파일 {1}개는 올리지 않습니다: {2}",
  ],
  ["{} file is left out; {}", "지원하지 않는 파일은 올리지 않습니다: {1}"],
  ["{} files are left out; {}", "지원하지 않는 파일은 올리지 않습니다: {1}"],
  ["left out files of the system: {}", "시스템 파일은 올리지 않습니다: {1}"],
  ["left out: {} image that the metadata does not name", "메타데이터에 없는 이미지 {1}개는 올리지 않습니다."],
  [
    "left out: {} images that the metadata does not name",
    "메타데이터에 없는 이미지 {1}개는 올리지 않습니다.",
  ],
  [
    "the JSON file is taken as labels of one page each, {}",
    "JSON 파일을 이름이 같은 페이지의 라벨로 읽습니다.",
  ],
  [
    "the {} JSON files are taken as labels of one page each, {}",
    "JSON 파일 {1}개를 이름이 같은 페이지의 라벨로 읽습니다.",
  ],
  ["{} page has no label", "라벨이 없는 페이지가 {1}개 있습니다."],
  ["{} pages have no label", "라벨이 없는 페이지가 {1}개 있습니다."],
  [
    "{} label was matched with a page by the file name alone: {}",
    "라벨 {1}개는 폴더가 달라서 파일 이름만으로 페이지와 짝지었습니다.",
  ],
  [
    "{} labels were matched with a page by the file name alone: {}",
    "라벨 {1}개는 폴더가 달라서 파일 이름만으로 페이지와 짝지었습니다.",
  ],
  ["{} more of this kind", "같은 일이 {1}번 더 있습니다."],
  ["{}: damaged behind page {}: {}", "{1}: {2}쪽 뒤가 손상되어 그 뒤의 페이지가 빠졌습니다."],
  [
    "{}: its maker forbids to copy text and images out of it",
    "{1}: 만든 사람이 텍스트와 이미지의 복사를 금지했습니다.",
  ],
  [
    "folders are named {}: --split-from-folder makes them the column split",
    "폴더 이름이 {1}입니다. 폴더의 이름을 열 split로 저장하도록 고를 수 있습니다.",
  ],
  [
    "no column says which page a row belongs to ({}): the rows have none",
    "행이 어느 페이지의 것인지 말하는 열({1})이 없어서 페이지 없이 저장합니다.",
  ],
  [
    "the rows have no images: as raw data they are texts of their own, {}",
    "행에 이미지가 없어서 텍스트만 있는 원본이 됩니다. 페이지의 라벨이라면 종류를 라벨로 고르세요.",
  ],
  ["the images have no labels: {}", "이미지에 라벨이 없습니다. 페이지는 원본으로, 라벨은 태스크로 올리세요."],
  [
    "upload {}, which waits for {}, has as many rows ({}) and the same columns; {}",
    "행 수({3})와 열이 같은 업로드가 {2}에서 기다립니다: {1}. 같은 것이라면 행이 두 번 들어갑니다.",
  ],
  [
    "folders are named by values of {}, {} in no file and not read; {}",
    "폴더 이름에 {1}의 값이 있지만 파일에는 없어서 읽지 않습니다. 파일에 값을 넣으세요.",
  ],
];
