/** What examinations find, what to do then, and what follows from the mount, as `rejects`. */
export const findings: readonly (readonly [english: string, korean: string])[] = [
  ["assets that rows refer to are missing: {}", "행이 가리키는 애셋이 없습니다: {1}"],
  ["restore them from a backup, or upload the images again", "백업에서 되살리거나 이미지를 다시 올리세요."],
  ["assets have content that does not match their name: {}", "애셋의 내용이 이름과 맞지 않습니다: {1}"],
  [
    "remove them and restore them from a backup, or upload the images again",
    "지우고 백업에서 되살리거나 이미지를 다시 올리세요.",
  ],
  [
    "rows name an asset of another row: path and hash or dataset differ: {}",
    "행이 다른 행의 애셋을 가리킵니다: {1}",
  ],
  ["upload the partition again with --mode replace", "파티션을 교체로 다시 올리세요."],
  ["assets are writable, although assets never change: {}", "바뀌지 않아야 할 애셋에 쓸 수 있습니다: {1}"],
  ["chmod 0444 them", "권한을 0444로 바꾸세요(chmod)."],
  ["there is no catalog of {}", "카탈로그가 없습니다: {1}"],
  ["run `datalake catalog rebuild`", "`datalake catalog rebuild`를 실행하세요."],
  [
    "{} is beside the catalog: a program opened the catalog for writing",
    "다른 프로그램이 카탈로그를 쓰기로 열었습니다: {1}",
  ],
  [
    "close that program, remove the file and run `datalake catalog rebuild --full`",
    "그 프로그램을 닫고 파일을 지운 뒤 `datalake catalog rebuild --full`을 실행하세요.",
  ],
  [
    "the catalog does not hold the newest rows of a partition: {}",
    "카탈로그에 파티션의 최신 행이 없습니다: {1}",
  ],
  [
    "the catalog does not have the newest version of partitions: {}",
    "카탈로그에 파티션의 최신 버전이 없습니다: {1}",
  ],
  [
    "run `datalake catalog rebuild`, or wait for the job that runs",
    "`datalake catalog rebuild`를 실행하거나 돌고 있는 작업을 기다리세요.",
  ],
  ["the catalog has wrong facts about partitions: {}", "카탈로그의 파티션 정보가 틀립니다: {1}"],
  [
    "run `datalake catalog rebuild`; if that does not help, with --full",
    "`datalake catalog rebuild`를 실행하고, 그래도 안 되면 --full을 붙이세요.",
  ],
  ["the catalog lacks rows of partitions that it lists: {}", "카탈로그에 파티션의 행이 모자랍니다: {1}"],
  ["run `datalake catalog rebuild --full`", "`datalake catalog rebuild --full`을 실행하세요."],
  ["folders of the lake are missing: {}", "레이크의 폴더가 없습니다: {1}"],
  [
    "run `datalake init` with this lake; it creates what is missing",
    "이 레이크에서 `datalake init`을 실행하면 없는 것을 만듭니다.",
  ],
  [
    "folders or files of the lake have other permissions than the settings require: {}",
    "폴더나 파일의 권한이 설정과 다릅니다: {1}",
  ],
  [
    "run `datalake init`, or chmod them: folders {}, files {}",
    "`datalake init`을 실행하거나 권한을 바꾸세요: 폴더 {1}, 파일 {2}",
  ],
  [
    "you cannot upload, because you may not write to staging: {}",
    "staging에 쓸 수 없어서 올릴 수 없습니다: {1}",
  ],
  [
    "join the group that owns the lake, or ask its administrator",
    "레이크를 가진 그룹에 들어가거나 관리자에게 요청하세요.",
  ],
  [
    "you may not write to folders; fine for a curator, not for the server's account: {}",
    "폴더에 쓸 수 없습니다. 서버의 계정이라면 쓸 수 있어야 합니다: {1}",
  ],
  ["run the server as the user that owns the lake", "레이크를 가진 사용자로 서버를 실행하세요."],
  ["{} cannot hold a lake: {}", "{1}에는 레이크를 둘 수 없습니다."],
  ["check the options of the mount and the disk behind it", "마운트의 옵션과 그 뒤의 디스크를 확인하세요."],
  [
    "download what has the name, upload it again under another, then {}",
    "그 이름의 데이터를 내려받아 다른 이름으로 다시 올린 뒤, 이전 폴더를 지우세요. 그때까지는 SMB로 마운트하지 마세요.",
  ],
  ["names differ only in case; {}: {}", "대소문자만 다른 이름이 있어서 SMB에서는 하나만 읽힙니다: {2}"],
  ["names cannot be shown by every mount: {}", "어떤 마운트에서는 보이지 않는 이름입니다: {1}"],
  ["partitions cannot be read: {}", "파티션을 읽을 수 없습니다: {1}"],
  [
    "restore the files from a backup, or upload the partition again with --mode replace",
    "백업에서 되살리거나 파티션을 교체로 다시 올리세요.",
  ],
  ["partition files have changed since they were written: {}", "파티션 파일이 쓰인 뒤에 바뀌었습니다: {1}"],
  [
    "_metadata.json of partitions is missing or disagrees with the files: {}",
    "파티션의 _metadata.json이 없거나 파일과 다릅니다: {1}",
  ],
  [
    "the files are right; run `datalake catalog rebuild --full`, which rewrites it",
    "파일이 맞습니다. `datalake catalog rebuild --full`이 다시 씁니다.",
  ],
  [
    "two hosts wrote the same version of a partition; the rows of these files are not among its rows: {}",
    "두 컴퓨터가 파티션의 같은 버전을 썼습니다. 이 파일의 행은 들어 있지 않습니다: {1}",
  ],
  [
    "check their contents, upload again what is missing, then remove the files",
    "내용을 확인하고 빠진 것을 다시 올린 뒤 파일을 지우세요.",
  ],
  [
    "files are superseded; readers that follow the versions skip them: {}",
    "새 버전으로 바뀐 옛 파일입니다. 읽는 쪽은 건너뜁니다: {1}",
  ],
  ["the next job removes them, once nobody has them open", "아무도 열고 있지 않으면 다음 작업이 지웁니다."],
  [
    "the log of partitions has invalid times; their rows are not affected: {}",
    "파티션 기록의 시각이 틀렸습니다. 행은 괜찮습니다: {1}",
  ],
  [
    "partition files have other permissions than the settings require: {}",
    "파티션 파일의 권한이 설정과 다릅니다: {1}",
  ],
  ["{} answers with HTTP status {}", "서버의 답이 이상합니다: {1}, HTTP {2}"],
  ["{} does not answer: {}", "서버가 답하지 않습니다: {1}"],
  [
    "start it with `datalake serve`, or correct --server (DATALAKE_SERVER)",
    "`datalake serve`로 시작하거나 --server(DATALAKE_SERVER)를 고치세요.",
  ],
  ["only {} ({} %) free on {}, {}", "디스크에 {1}({2} %)만 남았습니다: {4}"],
  [
    "free some, or set `scratch` to a local disk with room for two catalogs ({})",
    "비우거나, 카탈로그 두 개({1})가 들어갈 로컬 디스크로 `scratch`를 옮기세요.",
  ],
  ["free some, or move the lake to a larger disk", "비우거나 레이크를 더 큰 디스크로 옮기세요."],
  ["uploads cannot be processed: {}", "처리할 수 없는 업로드가 있습니다."],
  [
    "follow the advice for each; where upload.json {}",
    "각각의 안내를 따르세요. upload.json이 없거나 손상되었으면 다시 올리고 폴더를 지우세요.",
  ],
  [
    "uploads in staging have rows that are already in the catalog: {}",
    "이미 카탈로그에 있는 행의 업로드가 staging에 있습니다: {1}",
  ],
  [
    "remove the folders from staging; do not upload the data again",
    "staging에서 그 폴더를 지우고, 다시 올리지 마세요.",
  ],
  [
    "entries with the name of an upload are not uploads: {}",
    "이름만 업로드이고 업로드가 아닌 것이 있습니다.",
  ],
  [
    "follow the advice for each; the other uploads are processed",
    "각각의 안내를 따르세요. 다른 업로드는 처리됩니다.",
  ],
  ["other files are among the uploads: {}", "업로드 사이에 다른 파일이 있습니다."],
  ["move them away; uploads are processed anyway", "다른 곳으로 옮기세요. 업로드는 그래도 처리됩니다."],
  [
    "uploads are in processing, but no process is working on them: {}",
    "처리 중이지만 아무 프로세스도 맡고 있지 않은 업로드가 있습니다: {1}",
  ],
  [
    "run `datalake process start`, or start the server: they are resumed",
    "`datalake process start`를 실행하거나 서버를 시작하면 이어집니다.",
  ],
  ["uploads have failed: {}", "실패한 업로드가 있습니다."],
  [
    "fix the cause and run `datalake process retry UPLOAD`, {}",
    "원인을 고치고 다시 시도하거나, 작업 화면에서 확인하세요.",
  ],
  ["records of jobs cannot be read: {}", "작업의 기록을 읽을 수 없습니다: {1}"],
  [
    "remove them; their uploads are still in the catalog or in staging",
    "지우세요. 업로드는 카탈로그나 staging에 그대로 있습니다.",
  ],
  [
    "records of jobs are not seen completely through this mount: {}",
    "이 마운트에서는 작업의 기록이 다 보이지 않습니다: {1}",
  ],
  ["run `datalake doctor` on the file server", "파일 서버에서 `datalake doctor`를 실행하세요."],
  [
    "unfinished uploads have been in staging for more than a day: {}",
    "하루가 넘도록 끝나지 않은 업로드가 있습니다: {1}",
  ],
  ["remove them when nobody is uploading: {}", "아무도 올리고 있지 않을 때 지우세요: {1}"],
  ["temporary files are older than a day: {}", "하루가 지난 임시 파일이 있습니다: {1}"],
  ["remove them when nothing runs on this lake", "이 레이크에서 아무것도 돌지 않을 때 지우세요."],
  ["leases are held by dead processes: {}", "죽은 프로세스가 잡고 있던 표시가 남아 있습니다: {1}"],
  ["nothing to do: whoever comes next takes them over", "할 일은 없습니다. 다음 프로세스가 넘겨받습니다."],
  ["{} contains tokens of version 0.1.0, {}", "옛 버전(0.1.0)의 토큰이 있습니다: {1}"],
  [
    "start the server once to move them, or create new ones with `datalake token create`",
    "서버를 한 번 시작해 옮기거나 `datalake token create`로 새로 만드세요.",
  ],
  [
    "an open file is renamed before it is replaced, so that a reader may wait for a moment",
    "열린 파일은 이름을 바꾼 뒤 교체하므로 읽는 쪽이 잠시 기다릴 수 있습니다.",
  ],
  [
    "an open file cannot be replaced: close the lake's files in other programs before you change it",
    "열린 파일은 교체할 수 없습니다. 바꾸기 전에 다른 프로그램에서 레이크의 파일을 닫으세요.",
  ],
  [
    "there are no hard links: files are named by a rename under a lock",
    "하드 링크가 없어서 잠금 아래 이름을 바꾸어 저장합니다.",
  ],
  [
    "permissions cannot be set: the options of the mount decide who may write, and doctor does not check them",
    "권한을 정할 수 없습니다. 누가 쓸 수 있는지는 마운트의 옵션이 정하고, 진단은 권한을 확인하지 않습니다.",
  ],
  ["names that differ only in case are the same", "대소문자만 다른 이름은 같은 이름입니다."],
  [
    "fsync fails, so that a power cut may lose acknowledged data",
    "fsync가 실패해서 정전이 되면 받은 데이터를 잃을 수 있습니다.",
  ],
  [
    "changes by other machines may be seen late: {}",
    "다른 컴퓨터가 바꾼 것이 늦게 보일 수 있습니다. 서버는 디스크가 있는 컴퓨터에서 실행하세요.",
  ],
  ["is not an upload; move it out of staging", "업로드가 아닙니다. staging 밖으로 옮기세요."],
  [
    "has a name that is not UTF-8; move it out of staging",
    "이름이 UTF-8이 아닙니다. staging 밖으로 옮기세요.",
  ],
  ["is {}, not the folder of an upload; remove it", "업로드의 폴더가 아닙니다. 지우세요."],
  [
    "cannot be processed, because {} has the same name; {}",
    "같은 이름이 또 있어서 처리할 수 없습니다: {1}. 둘 중 하나를 지우세요.",
  ],
];
