import './base.css';
import './header.css';
import './pipeline.css';
import './run.css';
import './editor.css';
import './runs.css';
