import { HTMLSelect } from '@jupyterlab/ui-components';
import { useId } from 'react';
import type { IParameter } from '../../client/documents';
import { type Drafts, fieldOf, readDraft, textOf } from '../../model/parameters';
import { usePanel } from '../context';
import { readingText } from '../words';

export interface IFormProps {
  parameters: Readonly<Record<string, IParameter>>;
  drafts: Drafts;
  isLocked: boolean;
}

/** A field for each parameter, by its type; a changed one is marked and can go back. */
export function ParameterForm({ parameters, drafts, isLocked }: IFormProps): JSX.Element | null {
  const { model, trans } = usePanel();
  const names = Object.keys(parameters);
  if (!names.length) {
    return null;
  }
  const areChanged = names.filter(name => name in drafts).length > 1;
  return (
    <fieldset className="jp-Stepmill-form" disabled={isLocked}>
      <legend className="jp-Stepmill-unseen">{trans.__('Parameters')}</legend>
      {Object.entries(parameters).map(([name, parameter]) => (
        <ParameterField key={name} name={name} parameter={parameter} draft={drafts[name]} />
      ))}
      {areChanged && (
        <button type="button" className="jp-Stepmill-link" onClick={() => model.resetDrafts()}>
          {trans.__("Use the notebook's values")}
        </button>
      )}
    </fieldset>
  );
}

interface IFieldProps {
  name: string;
  parameter: IParameter;
  draft: string | undefined;
}

function ParameterField({ name, parameter, draft }: IFieldProps): JSX.Element {
  const { model, trans } = usePanel();
  const id = useId();
  const value = draft ?? textOf(parameter, parameter.default);
  const reading = draft === undefined ? null : readDraft(parameter, draft);
  const isChanged =
    reading !== null &&
    (reading.value === undefined ||
      JSON.stringify(reading.value) !== JSON.stringify(parameter.default));
  const shownDefault = textOf(parameter, parameter.default);
  return (
    <div className="jp-Stepmill-field" data-changed={isChanged}>
      <label htmlFor={id} title={`${name}: ${parameter.type}`}>
        {name}
        {isChanged && <span className="jp-Stepmill-unseen">{trans.__(' (changed)')}</span>}
      </label>
      <FieldInput
        id={id}
        parameter={parameter}
        value={value}
        onChange={text => model.edit(name, text)}
      />
      {isChanged && (
        <button
          type="button"
          className="jp-Stepmill-link"
          title={trans.__("Use the notebook's value, %1", shownDefault)}
          aria-label={trans.__("Use the notebook's value for %1, %2", name, shownDefault)}
          onClick={() => model.edit(name, undefined)}
        >
          {trans.__(
            'was %1',
            shownDefault.length > 16 ? `${shownDefault.slice(0, 15)}…` : shownDefault
          )}
        </button>
      )}
      {reading?.problem && (
        <p className="jp-Stepmill-fieldProblem" role="alert">
          {readingText(reading.problem, trans)}
        </p>
      )}
    </div>
  );
}

interface IInputProps {
  id: string;
  parameter: IParameter;
  value: string;
  onChange(text: string): void;
}

function FieldInput({ id, parameter, value, onChange }: IInputProps): JSX.Element {
  const onInput = (event: React.ChangeEvent<HTMLInputElement>) => onChange(event.target.value);
  switch (fieldOf(parameter)) {
    case 'checkbox':
      return (
        <input
          id={id}
          type="checkbox"
          checked={value === 'true'}
          onChange={event => onChange(String(event.target.checked))}
        />
      );
    case 'select':
      return (
        <HTMLSelect id={id} value={value} onChange={event => onChange(event.target.value)}>
          {[...(parameter.choices ?? []), ...(parameter.optional ? [null] : [])].map(choice => (
            <option key={textOf(parameter, choice)}>{textOf(parameter, choice)}</option>
          ))}
        </HTMLSelect>
      );
    case 'number':
      return (
        <input
          id={id}
          className="jp-mod-styled"
          inputMode="decimal"
          spellCheck={false}
          value={value}
          onChange={onInput}
        />
      );
    case 'secret':
      return (
        <input
          id={id}
          className="jp-mod-styled"
          type="password"
          autoComplete="off"
          value={value}
          onChange={onInput}
        />
      );
    default:
      return (
        <input
          id={id}
          className="jp-mod-styled"
          spellCheck={false}
          value={value}
          onChange={onInput}
        />
      );
  }
}
