// Short names and what they show. Those the sprite draws look the same on every machine; the rest are the system's.

import { drawing, el } from "./dom.js";

const DRAWN = `white_check_mark ✅|heavy_check_mark ✔️|x ❌|warning ⚠️|rotating_light 🚨|eyes 👀|pushpin 📌|memo 📝|
hourglass_flowing_sand ⏳|hourglass ⌛|large_green_circle 🟢|red_circle 🔴|large_yellow_circle 🟡|large_orange_circle 🟠|
large_blue_circle 🔵|white_circle ⚪|black_circle ⚫|mag 🔍|chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|
bar_chart 📊|bust_in_silhouette 👤|busts_in_silhouette 👥|books 📚|book 📖|rocket 🚀|package 📦|fire 🔥|bell 🔔|no_bell 🔕|
question ❓|exclamation ❗|arrows_counterclockwise 🔄|ballot_box_with_check ☑️|stop_sign 🛑|octagonal_sign 🛑|no_entry ⛔|
thinking_face 🤔|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|tada 🎉|heart ❤️|link 🔗|gear ⚙️|wrench 🔧|bulb 💡|lock 🔒|
robot_face 🤖|sparkles ✨|zap ⚡|bug 🐛|information_source ℹ️|arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|page_facing_up 📄|
bookmark 🔖|speech_balloon 💬|stopwatch ⏱️|smile 😄|slightly_smiling_face 🙂|calendar 📅|clipboard 📋|mega 📣|
double_vertical_bar ⏸️|arrow_forward ▶️|black_square_for_stop ⏹️|small_blue_diamond 🔹|small_orange_diamond 🔸|
file_folder 📁|telephone_receiver 📞|adhesive_bandage 🩹|white_square ◻️|crystal_ball 🔮|shield 🛡️|key 🔑|seedling 🌱`;

const TYPED = `raised_hands 🙌|clap 👏|pray 🙏|wave 👋|muscle 💪|ok_hand 👌|point_right 👉|point_up ☝️|joy 😂|sweat_smile 😅|
sob 😭|cry 😢|scream 😱|grimacing 😬|neutral_face 😐|upside_down_face 🙃|face_palm 🤦|shrug 🤷|saluting_face 🫡|skull 💀|
100 💯|coffee ☕|pizza 🍕|turtle 🐢|snail 🐌|elephant 🐘|whale 🐳|ship 🚢|anchor ⚓|boom 💥|bomb 💣|collision 💥|snowflake ❄️|
sunny ☀️|cloud ☁️|umbrella ☔|earth_africa 🌍|globe_with_meridians 🌐|electric_plug 🔌|satellite 🛰️|computer 💻|
desktop_computer 🖥️|floppy_disk 💾|cd 💿|battery 🔋|hammer 🔨|hammer_and_wrench 🛠️|nut_and_bolt 🔩|pill 💊|ambulance 🚑|
fire_engine 🚒|fire_extinguisher 🧯|police_car 🚓|construction 🚧|checkered_flag 🏁|triangular_flag_on_post 🚩|trophy 🏆|
medal 🏅|dart 🎯|microscope 🔬|test_tube 🧪|dna 🧬|card_index 📇|card_file_box 🗃️|wastebasket 🗑️|inbox_tray 📥|
outbox_tray 📤|email 📧|envelope ✉️|newspaper 📰|label 🏷️|moneybag 💰|credit_card 💳|shopping_trolley 🛒|unlock 🔓|
new 🆕|sos 🆘|ok 🆗|repeat 🔁|fast_forward ⏩|rewind ⏪|recycle ♻️|heavy_plus_sign ➕|heavy_minus_sign ➖|small_red_triangle 🔺|
small_red_triangle_down 🔻|alarm_clock ⏰|clock1 🕐|date 📆|pencil ✏️|pencil2 ✏️|scroll 📜|round_pushpin 📍|paperclip 📎|
broken_heart 💔|star ⭐|star2 🌟|crown 👑|ghost 👻|hospital 🏥|office 🏢|traffic_light 🚦|vertical_traffic_light 🚦`;

const read = (table) =>
  table
    .split("|")
    .map((entry) => entry.trim().split(" "))
    .filter(([name]) => name);

const drawn = new Map(read(DRAWN));
const named = new Map([...drawn, ...read(TYPED)]);
const byCharacter = new Map([...named].map(([name, character]) => [character.replace("\uFE0F", ""), name]).reverse());
const SAME_DRAWING = {
  thumbsup: "+1",
  thumbsdown: "-1",
  octagonal_sign: "stop_sign",
  hourglass: "hourglass_flowing_sand",
  slightly_smiling_face: "smile",
};
const CHARACTER = /\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*/u;

export const FREQUENT = [
  "white_check_mark",
  "x",
  "eyes",
  "pushpin",
  "memo",
  "ballot_box_with_check",
  "+1",
  "-1",
  "tada",
  "thinking_face",
];
export const SHORT_NAME = /:([a-z0-9_+'-]+)(?:::skin-tone-[2-6])?:/;
export const isAlias = (name) => name in SAME_DRAWING;
export const emojiNames = () => [...named.keys()];

/** The emoji of this short name; a name nobody knows is shown as it was written. */
export function emoji(name) {
  const plain = name.split("::")[0];
  const shown = drawn.has(plain) ? drawing(SAME_DRAWING[plain] ?? plain) : (named.get(plain) ?? `:${name}:`);
  return el(
    "span",
    { class: "emoji", role: "img", "aria-label": `:${name}:`, title: `:${name}:`, data: { emoji: name } },
    shown,
  );
}

/** Text with emoji in it, as characters or as :short_names:, as nodes. */
export function withEmoji(text, { shortNames = true } = {}) {
  const nodes = [];
  const pattern = new RegExp(
    shortNames ? `${SHORT_NAME.source}|(${CHARACTER.source})` : `()(${CHARACTER.source})`,
    "gu",
  );
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    const name = found[1] || byCharacter.get(found[2]?.replace("\uFE0F", ""));
    if (!named.has(name)) continue;
    if (found.index > from) nodes.push(text.slice(from, found.index));
    nodes.push(emoji(name));
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}
